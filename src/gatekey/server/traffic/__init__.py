"""
What happened, and who did it; and what that explains.

Owns the events that parts of the service tell of, how they are counted by minute, and what counts say about an address
or a client. Refuses to know where events end up and where counts are kept: the ports `Observer` and `RequestHistory`
have adapters for that. Serves every edge and the operator. Changes people make are written by `storage` in the
transaction of the change itself.
"""
