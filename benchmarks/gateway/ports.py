"""
Ports on loopback.
"""

import socket


def free_port() -> int:
    """
    Return a port that nobody listens on now.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_open(port: int) -> bool:
    """
    Whether somebody listens; raises OSError if not.
    """
    socket.create_connection(("127.0.0.1", port), timeout=1).close()
    return True
