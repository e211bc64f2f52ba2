"""
The edge towards operators: structured logs.

Owns how events look when they leave. Refuses anything that could hold a secret or a token; serves the `Observer` port.
"""
