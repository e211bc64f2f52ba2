"""The gateway's own address: what its name means, and whether it is free."""

import errno
import socket
from collections.abc import Iterator

from gatekey.server.gateway.policy.model import Address
from gatekey.server.gateway.runner.model import AddressTaken

ABSENT = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
"""The name has an address of a family that this machine does not have: `localhost` means `::1` too, IPv6 or not."""


def free_addresses(address: Address) -> tuple[Address, ...]:
    """Return the numeric addresses that `address` means on this machine; raise AddressTaken if one is not free."""
    numeric = tuple(dict.fromkeys(_resolved(address)))
    free = tuple(candidate for candidate in numeric if _is_present_and_free(candidate))
    if not free:
        raise AddressTaken(str(address), "this machine has no such address")
    return free


def _resolved(address: Address) -> Iterator[Address]:
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise AddressTaken(str(address), f"its name cannot be resolved ({error.strerror})") from error
    for *_, where in found:
        yield Address(str(where[0]), address.port)


def _is_present_and_free(address: Address) -> bool:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(
                socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
            )  # Envoy sets it too: old connections do not count
            probe.bind((address.host, address.port))
            probe.listen()
    except OSError as error:
        if error.errno in ABSENT:
            return False
        raise AddressTaken(str(address), (error.strerror or str(error)).lower()) from error
    return True
