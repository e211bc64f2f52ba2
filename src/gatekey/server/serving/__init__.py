"""
Running it all: sockets, HTTP servers in one or several processes, the gateway beside them, and a clean end.

Owns processes and their lives. Refuses to know what they answer: `app` has composed that. Serves the command line.
"""

from gatekey.server.serving.service import serve

__all__ = ["serve"]
