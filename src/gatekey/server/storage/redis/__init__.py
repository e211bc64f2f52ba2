"""
Redis or Valkey, where several hosts share a limit.

Owns the connection and the limiter's script, which is held against the Python decision by tests. Serves the ports
of `limits`.
"""
