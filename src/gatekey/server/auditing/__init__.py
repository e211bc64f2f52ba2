"""
What happened, and who did it.

Owns the events that parts of the service tell of. Refuses to know where they end up: the `Observer` port has an adapter
for logs today. Serves every edge. Changes people make are written by `storage` in the transaction of the change itself.
"""
