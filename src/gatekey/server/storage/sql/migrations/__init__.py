"""
How the database became what it is: one Alembic revision per change of the tables, in order, never edited
afterwards.
"""
