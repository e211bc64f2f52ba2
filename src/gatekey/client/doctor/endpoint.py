"""The host and port behind an address, in all the forms that credentials files have."""

from dataclasses import dataclass
from urllib.parse import urlsplit

HTTPS_PORT = 443
SECURE_SCHEMES = frozenset({"https", "grpcs"})
PORTS = {"http": 80, "https": HTTPS_PORT, "grpcs": HTTPS_PORT, "grpc": 26500, "": 26500}
"""By scheme; a bare host means Zeebe's own port, as for Camunda's clients."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where to connect, and whether TLS is spoken there."""

    host: str
    port: int
    secure: bool


def endpoint_of(address: str) -> ServerAddress | None:
    """
    Return the endpoint of a URL or of `host:port`; None for what is neither.
    A bare address on port 443 means TLS.
    """
    scheme, separator, rest = address.partition("://")
    try:
        parts = urlsplit(address if separator else f"//{address}")
        port = parts.port
    except ValueError:
        return None
    known = scheme.lower() if separator else ""
    if not parts.hostname or known not in PORTS or (separator and not rest):
        return None
    port = PORTS[known] if port is None else port
    return ServerAddress(parts.hostname, port, known in SECURE_SCHEMES or (not known and port == HTTPS_PORT))
