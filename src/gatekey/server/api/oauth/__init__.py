"""
The OAuth endpoints: token, introspection, revocation, leaks, discovery.

Owns bytes in and bytes out, and the limit headers on every answer. Refuses decisions: `tokens` and `limits` take
them.
"""
