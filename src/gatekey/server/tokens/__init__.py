"""
Access tokens: who gets one, what it says, how it is signed and checked.

Owns client authentication, audiences, claims, signing keys and the verification of our own tokens. Refuses to know how
clients are stored or how bytes travel: the client directory, the key ring and the clock are ports.
"""
