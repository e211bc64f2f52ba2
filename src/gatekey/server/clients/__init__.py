"""
API clients: their names, scopes and secrets.

Owns who may be created under which name, what a secret looks like at rest, and how credentials are presented once.
Refuses to issue tokens or to touch a database; storage is a port. Serves the console and the command line.
"""
