"""The sockets that requests arrive at."""

import socket

from gatekey.errors import ServiceError

BACKLOG = 2048
"""Connections waiting to be accepted; a storm of clients queues here rather than being refused."""


ANOTHER = "Choose another address with --http or GATEKEY_HTTP."


def listen(address: str) -> list[socket.socket]:
    """
    Bind every address that the host name stands for: clients that know `localhost` as ::1 find the service too.

    Raises `ServiceError` with one clear sentence.
    """
    host, _, port = address.rpartition(":")
    try:
        found = socket.getaddrinfo(
            host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_ADDRCONFIG
        )
    except OSError as error:
        raise ServiceError(f"The service cannot listen on {address}: {error.strerror}.", hint=ANOTHER) from error
    sockets: list[socket.socket] = []
    for family, kind, protocol, _, where in dict.fromkeys(found):
        try:
            sockets.append(_bind(socket.socket(family, kind, protocol), where))
        except OSError as error:
            if family == socket.AF_INET6 and sockets:
                continue  # a host without IPv6
            for bound in sockets:
                bound.close()
            raise ServiceError(
                f"The service cannot listen on {address}: {(error.strerror or 'unknown').lower()}.",
                hint=f"Stop what listens there. {ANOTHER}",
            ) from error
    return sockets


def _bind(listening: socket.socket, where: object) -> socket.socket:
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if listening.family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(where)  # type: ignore[arg-type] # getaddrinfo's own answer for this family
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening
