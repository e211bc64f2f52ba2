"""
What must pass: streams, big and packed messages, and changes under open streams.
"""

from collections.abc import Iterator

import grpc
import pytest

from gatekey.server.gateway.policy.model import GuardedCluster
from support.gateway import PATIENCE, TOPOLOGY, A, B, Issuer, Stand, standing, wait_until

ACTIVATE_JOBS = "/gateway_protocol.Gateway/ActivateJobs"
FOUR_MEGABYTES = 4 * 1024 * 1024


@pytest.fixture
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with standing(tmp_path_factory.mktemp("gateway")) as stand:
        yield stand


class Stream:
    """An open server stream whose next message the test asks for."""

    def __init__(self, stand: Stand, channel: grpc.Channel, cluster: str) -> None:
        self._upstream = stand.grpc_upstreams[cluster]
        self._call = channel.unary_stream(ACTIVATE_JOBS)(b"job", metadata=stand.bearer(cluster))

    def next(self) -> bytes:
        self._upstream.step.release()
        message: bytes = next(self._call)
        return message


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
@pytest.mark.parametrize("size", [0, 1, FOUR_MEGABYTES, 3 * FOUR_MEGABYTES])
def test_messages_of_every_size_pass_packed_or_not(stand: Stand, compression: grpc.Compression, size: int) -> None:
    message = bytes(range(256)) * (size // 256) + b"x" * (size % 256)

    with stand.channel(compression=compression) as channel:
        echo = channel.unary_unary(TOPOLOGY)(message, metadata=stand.bearer(), timeout=PATIENCE)

    assert b"a:" + message == echo


def test_a_large_body_passes_to_rest(stand: Stand) -> None:
    answer = stand.ask("/v2/deployments", stand.bearer(), body=b"x" * FOUR_MEGABYTES)

    assert (answer.status, answer.document["length"]) == (200, FOUR_MEGABYTES)


def test_a_callers_deadline_and_own_metadata_reach_the_cluster(stand: Stand) -> None:
    stand.call(TOPOLOGY, [*stand.bearer(), ("my-own", "1")])
    metadata = dict(stand.grpc_upstreams[A].metadata)

    assert metadata["my-own"] == "1"
    assert 0 < stand.grpc_upstreams[A].remaining <= PATIENCE
    assert metadata["user-agent"].startswith("grpc-python")


def test_clusters_and_keys_change_under_an_open_stream(stand: Stand) -> None:
    first, second = stand.view.clusters
    stand.apply(clusters=(first,))
    with stand.channel() as channel:
        stream = Stream(stand, channel, A)
        assert stream.next() == b"job:1"

        stand.apply(clusters=(first, second))
        assert stream.next() == b"job:2"
        assert stand.call(TOPOLOGY, stand.bearer(B)) == b"b:ping"

        stand.apply(keys=Issuer("key-2").keys(stand.issuer))
        stand.apply(clusters=(first,))
        assert stream.next() == b"job:3"
        with pytest.raises(grpc.RpcError) as refusal:
            stand.call(TOPOLOGY, stand.bearer(B))

    assert refusal.value.code() == grpc.StatusCode.PERMISSION_DENIED


def test_a_cancelled_stream_is_cancelled_at_the_cluster(stand: Stand) -> None:
    with stand.channel() as channel:
        call = channel.unary_stream(ACTIVATE_JOBS)(b"job", metadata=stand.bearer())
        stand.grpc_upstreams[A].step.release()
        next(call)
        assert stand.grpc_upstreams[A].streams == 1
        call.cancel()

        wait_until(lambda: stand.grpc_upstreams[A].streams == 0)


def test_many_streams_are_open_at_once_on_one_connection(stand: Stand) -> None:
    with stand.channel() as channel:
        calls = [channel.unary_stream(ACTIVATE_JOBS)(b"job", metadata=stand.bearer()) for _ in range(6)]
        for _ in calls:
            stand.grpc_upstreams[A].step.release()
        wait_until(lambda: stand.grpc_upstreams[A].streams == len(calls))

        assert stand.call(TOPOLOGY, stand.bearer(B)) == b"b:ping"


def test_a_new_key_is_trusted_and_a_withdrawn_one_refused_at_once(stand: Stand) -> None:
    old, new = stand.issuer, Issuer("key-2")
    assert stand.call(TOPOLOGY, stand.bearer()) == b"a:ping"  # the gateway remembers this token as good

    stand.apply(keys=new.keys(old))
    assert stand.call(TOPOLOGY, stand.bearer()) == b"a:ping"
    assert stand.call(TOPOLOGY, [("authorization", f"Bearer {new.token()}")]) == b"a:ping"

    stand.apply(keys=new.keys())
    with pytest.raises(grpc.RpcError) as refusal:
        stand.call(TOPOLOGY, stand.bearer())

    assert refusal.value.code() == grpc.StatusCode.UNAUTHENTICATED


def test_an_upstream_moves(stand: Stand) -> None:
    moved = GuardedCluster(A, "local", stand.grpc_upstreams[B].address, stand.rest_upstreams[B].address)
    before = stand.call(TOPOLOGY, stand.bearer())

    stand.apply(clusters=(moved,))

    assert (before, stand.call(TOPOLOGY, stand.bearer())) == (b"a:ping", b"b:ping")
    assert stand.ask("/v2/topology", stand.bearer()).document["upstream"] == "b"
