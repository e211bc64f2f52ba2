"""Which names a certificate of this installation has to carry. Pure."""

import ipaddress
from collections.abc import Iterable

LOCAL = ("localhost", "127.0.0.1", "::1")
"""What programs on the same machine call."""

SERVICES = ("zeebe", "api", "operate", "tasklist", "optimize", "cloud")
"""First labels below an own domain, as in Camunda SaaS: regions stand before them, `login` before the last."""

OF_CLUSTERS = ("zeebe", "privateconnectivity")
"""Those before which a cluster and its region stand."""

EVERYWHERE = frozenset({"0.0.0.0", "::", "*", ""})  # noqa: S104 - recognised, not bound
"""Hosts that mean "listen on all addresses" and name none."""


def wanted_names(places: Iterable[str], domain: str | None, regions: Iterable[str]) -> tuple[str, ...]:
    """
    Return host names, wildcards and numeric addresses: this machine's, those of `places` and all below an own `domain`.

    A place is a host with or without a port.

    A wildcard stands for one label only (RFC 9525 section 6.3), so every region has one for its clusters.
    """
    names = [*LOCAL, *(host for host in map(_host, places) if host not in EVERYWHERE)]
    if domain:
        names += [domain, f"*.{domain}", *(f"*.{service}.{domain}" for service in SERVICES)]
        names += [f"*.{region}.{word}.{domain}" for region in sorted(set(regions)) for word in OF_CLUSTERS]
    return tuple(dict.fromkeys(names))


def _host(place: str) -> str:
    host, colon, port = place.rpartition(":")
    return (host if colon and port.isdecimal() else place).strip("[]").rstrip(".").lower()


def is_numeric(name: str) -> bool:
    """Say whether a name is an IP address, which certificates carry in a form of its own."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
