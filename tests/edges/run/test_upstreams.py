"""
Whether anything answers at a cluster's upstreams.
"""

import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest

from gatekey.server.clusters.model import Cluster
from gatekey.server.run.upstreams import silent_upstreams
from support.ports import free_port


@pytest.fixture
def listening() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def cluster(name: str, grpc: str, rest: str) -> Cluster:
    return Cluster(name, "o", name, "local", grpc, rest, datetime.now(UTC))


def test_each_cluster_is_told_by_the_addresses_that_do_not_answer(listening: int) -> None:
    silent = free_port()
    clusters = [
        cluster("both", f"127.0.0.1:{listening}", f"http://127.0.0.1:{listening}/deep"),
        cluster("half", f"127.0.0.1:{silent}", f"http://127.0.0.1:{listening}"),
        cluster("none", f"127.0.0.1:{silent}", f"http://127.0.0.1:{silent}"),
        cluster("nowhere", "no.such.host.invalid:26500", f"http://[::1]:{silent}"),
    ]

    assert {
        "both": (),
        "half": (f"127.0.0.1:{silent}",),
        "none": (f"127.0.0.1:{silent}",),
        "nowhere": ("no.such.host.invalid:26500", f"::1:{silent}"),
    } == silent_upstreams(clusters)


def test_a_url_without_a_port_has_its_scheme_s() -> None:
    assert {"x": ("no.such.host.invalid:1", "no.such.host.invalid:443")} == silent_upstreams(
        [cluster("x", "no.such.host.invalid:1", "https://no.such.host.invalid")]
    )
