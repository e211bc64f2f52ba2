"""
Free ports on loopback.
"""

import socket


def free_port() -> int:
    """
    Return a port that nothing listens on now, on IPv4 and IPv6 loopback.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
