"""
The client library against its limits and its peers: `scripts/bench client`.

Owns how each library is used (`libraries`), a token endpoint that counts (`endpoint`), and a module for each promise:
cold starts, the hot path, no hammering, the stampede on the disk cache, weight, and the policy in virtual time.
"""
