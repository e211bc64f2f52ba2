"""
Which cluster a host name means.
"""

from enum import Enum, auto

from gatekey.server.guarding import rules
from gatekey.server.guarding.model import GatewayView, GuardedCluster


class Host(Enum):
    """
    The host names that mean no single cluster of ours.
    """

    SHARED = auto()
    """The path or the token names the cluster."""
    FOREIGN = auto()
    """The host has the form of a cluster's own name, but no cluster here has it."""


def meant_by(view: GatewayView, authority: str) -> GuardedCluster | Host:
    """
    Return the cluster whose own host name `authority` is, or what else it means; the port does not matter.
    """
    if not view.hosts:
        return Host.SHARED
    host = authority.lower().partition(":")[0]
    for cluster in view.clusters:
        if host == rules.host_of(cluster, view):
            return cluster
    if host in shared_hosts(view) or not host.endswith(foreign_suffix(view)):
        return Host.SHARED
    return Host.FOREIGN


def shared_hosts(view: GatewayView) -> tuple[str, ...]:
    """
    Return the host names of the regions, under which the path names the cluster.
    """
    return tuple(sorted({rules.shared_host_of(cluster.region, view) for cluster in view.clusters}))


def foreign_suffix(view: GatewayView) -> str:
    """
    Return how every host name ends that claims to mean a cluster.
    """
    return f".{rules.audience(view)}".lower()
