"""
Organisations, members and their roles, one-time sign-in links and sessions.

Owns how a person proves who they are and for how long, who acts, and what an actor may do. Refuses machine credentials:
those are `clients`. Serves the console, and every edge that asks `may`.
"""
