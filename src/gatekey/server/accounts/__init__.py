"""
Members, one-time sign-in links and sessions.

Owns how a person proves who they are and for how long. Refuses machine credentials: those are `clients`. Serves the
console.
"""
