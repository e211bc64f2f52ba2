"""
What a client was told: settings out of files and the environment, options, and the request made of them.

Owns the names that settings stand under, the forms of credentials files, and the ways in which a client proves who it
is. Refuses to guess: two names with different values are an error. Serves the token sources and `gatekey doctor`.
"""
