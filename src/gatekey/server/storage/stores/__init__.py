"""
The stores behind the ports of the contexts, over one SQL database.

Each change is one transaction with its audit row. Refuses decisions: what may be stored is decided by the contexts.
"""
