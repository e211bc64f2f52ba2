"""
The HTTP server of a worker: bounded requests, the fast path of token requests, PROXY headers, TLS.

Refuses decisions; serves the application that `compose` has put together.
"""
