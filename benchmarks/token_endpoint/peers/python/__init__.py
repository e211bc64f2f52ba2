"""
The peers that are Python: each module is a WSGI application for gunicorn.
"""
