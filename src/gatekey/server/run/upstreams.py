"""Whether anything answers at a cluster's upstreams: one TCP connection each, bounded in time."""

import socket
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from gatekey.server.clusters.model import Cluster

SECONDS = 0.5
"""How long one answer is waited for; an upstream on the same network takes under a millisecond."""

AT_ONCE = 16


def silent_upstreams(clusters: Iterable[Cluster]) -> Mapping[str, tuple[str, ...]]:
    """Return for each cluster, by its id, the upstream addresses at which nothing answers."""
    listed = list(clusters)
    places = sorted({place for cluster in listed for place in _places(cluster)})
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answering = dict(zip(places, pool.map(_answers, places), strict=True))
    return {
        cluster.cluster_id: tuple(f"{host}:{port}" for host, port in _places(cluster) if not answering[host, port])
        for cluster in listed
    }


def _places(cluster: Cluster) -> list[tuple[str, int]]:
    host, _, port = cluster.grpc_upstream.rpartition(":")
    rest = urlsplit(cluster.rest_upstream)
    usual = 443 if rest.scheme == "https" else 80
    return list(dict.fromkeys([(host.strip("[]"), int(port)), (rest.hostname or "", rest.port or usual)]))


def _answers(place: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(place, SECONDS):
            return True
    except OSError:
        return False
