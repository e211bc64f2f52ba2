"""
Revocations at the running gateway: at once, for all that they name and nothing else, through whatever happens.
"""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from gatekey.server.gateway.envoy.filters.rbac import LARGEST_DELTA
from gatekey.server.gateway.policy import rules
from gatekey.server.gateway.policy.model import Address, GuardedCluster
from gatekey.server.gateway.policy.revocations import FOREVER, Named, Subject
from gatekey.server.gateway.runner import ConfigurationApplied, ConfigurationRejected, Restarted, Started
from support.gateway import PATIENCE, TOPOLOGY, A, B, Stand, standing, wait_until

ACTIVATE_JOBS = "/gateway_protocol.Gateway/ActivateJobs"
PATH = "/v2/topology"
LATER = int(time.time()) + 3600
DELETED = {Subject(Named.CLIENT, "deleted"): FOREVER}


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with standing(tmp_path) as stand:
        yield stand


def bearer(stand: Stand, cluster: str = A, **claims: Any) -> list[tuple[str, str]]:
    return [("authorization", f"Bearer {stand.issuer.token(cluster, **claims)}")]


def status(stand: Stand, **claims: Any) -> int:
    return stand.ask(PATH, bearer(stand, **claims)).status


def many(number: int, kind: Named = Named.CLIENT) -> dict[Subject, int]:
    before = LATER if kind is Named.CREDENTIAL else FOREVER
    return {Subject(kind, f"{index:032d}"): before for index in range(number)}


def kill_envoy(stand: Stand) -> None:
    restarts = [event for event in stand.events if isinstance(event, Restarted)]
    running = [event for event in stand.events if isinstance(event, Started | Restarted)][-1]
    os.kill(running.process_id, signal.SIGKILL)
    wait_until(lambda: len([event for event in stand.events if isinstance(event, Restarted)]) > len(restarts))


def test_a_refusal_reads_as_a_token_to_be_replaced(stand: Stand) -> None:
    stand.apply(revocations=DELETED)

    answer = stand.ask(PATH, bearer(stand, sub="deleted"))
    with pytest.raises(grpc.RpcError) as refusal:
        stand.call(TOPOLOGY, bearer(stand, sub="deleted"))

    assert (401, rules.REVOKED, 401, "Unauthorized") == (
        answer.status,
        *(answer.document[name] for name in ("detail", "status", "title")),
    )
    assert 'Bearer error="invalid_token"' == answer.headers["www-authenticate"]
    assert (grpc.StatusCode.UNAUTHENTICATED, rules.REVOKED) == (refusal.value.code(), refusal.value.details())


def test_a_token_that_the_gateway_remembers_as_good_is_refused_too(stand: Stand) -> None:
    headers = bearer(stand, sub="deleted")
    before = stand.ask(PATH, headers).status

    stand.apply(revocations=DELETED)

    assert (200, 401) == (before, stand.ask(PATH, headers).status)


def test_connections_and_streams_of_others_are_not_touched(stand: Stand) -> None:
    with stand.channel() as channel:
        call = channel.unary_stream(ACTIVATE_JOBS)(b"job", metadata=bearer(stand, sub="another"))
        stand.grpc_upstreams[A].step.release()
        assert b"job:1" == next(call)

        stand.apply(revocations=DELETED)
        stand.apply(revocations={**DELETED, **many(LARGEST_DELTA + 1)})
        stand.grpc_upstreams[A].step.release()

        assert b"job:2" == next(call)
        assert b"b:ping" == channel.unary_unary(TOPOLOGY)(b"ping", metadata=bearer(stand, B), timeout=PATIENCE)
        with pytest.raises(grpc.RpcError) as refusal:
            channel.unary_unary(TOPOLOGY)(b"ping", metadata=bearer(stand, sub="deleted"), timeout=PATIENCE)
    assert grpc.StatusCode.UNAUTHENTICATED == refusal.value.code()


def test_revocations_hold_in_an_envoy_that_had_to_be_started_again(stand: Stand) -> None:
    first = many(LARGEST_DELTA + 1)
    stand.apply(revocations=first)
    stand.apply(revocations={**first, **DELETED})
    kill_envoy(stand)

    assert [401, 401, 200] == [status(stand, sub=client) for client in ("deleted", f"{0:032d}", "another")]


def test_what_is_revoked_while_envoy_is_dead_is_revoked_when_it_is_back(stand: Stand) -> None:
    running = next(event for event in stand.events if isinstance(event, Started))
    os.kill(running.process_id, signal.SIGKILL)
    stand.apply(revocations=DELETED)
    wait_until(lambda: any(isinstance(event, Restarted) for event in stand.events))

    assert [401, 200] == [status(stand, sub=client) for client in ("deleted", "another")]


def test_a_configuration_that_envoy_refuses_does_not_hold_up_a_revocation(stand: Stand) -> None:
    with pytest.raises(ConfigurationRejected):
        stand.apply(keys="no keys", revocations=DELETED)
    refused = status(stand, sub="deleted")
    kill_envoy(stand)

    assert [401, 401, 200] == [refused, *(status(stand, sub=client) for client in ("deleted", "another"))]


def test_a_gateway_that_starts_knows_what_was_revoked_before(tmp_path: Path) -> None:
    with standing(tmp_path, revocations=DELETED) as stand:
        assert [401, 200] == [status(stand, sub=client) for client in ("deleted", "another")]


@pytest.mark.parametrize("named", Named)
def test_ten_thousand_are_known_and_one_more_is_written_alone(stand: Stand, named: Named) -> None:
    stand.apply(revocations=many(10_000, named))
    base = (stand.folder / "base.json").stat()
    one = {named.value: "one"}
    before = status(stand, **one)
    stand.apply(revocations={**many(10_000, named), Subject(named, "one"): LATER})

    assert (200, 401) == (before, status(stand, **one))
    assert [401, 401, 200] == [status(stand, **{named.value: f"{index:032d}"}) for index in (0, 9_999, 10_000)]
    assert base == (stand.folder / "base.json").stat()
    assert (stand.folder / "delta.json").stat().st_size < 10_000


def test_a_revocation_that_nobody_needs_any_more_changes_nothing_for_others(stand: Stand) -> None:
    stand.apply(revocations={**DELETED, Subject(Named.TOKEN, "over"): 1})
    stand.apply(revocations=DELETED)

    assert [401, 200] == [status(stand, sub="deleted"), status(stand, jti="another")]
    assert 2 == stand.events.count(ConfigurationApplied())


def test_a_stream_ends_when_its_token_does_and_no_other_stream_with_it(stand: Stand) -> None:
    expired = int(time.time()) - 8  # the gateway forgives ten seconds
    with stand.channel() as channel:
        ending = channel.unary_stream(ACTIVATE_JOBS)(b"job", metadata=bearer(stand, exp=expired))
        lasting = channel.unary_stream(ACTIVATE_JOBS)(b"job", metadata=bearer(stand, B))
        stand.grpc_upstreams[A].step.release()
        stand.grpc_upstreams[B].step.release()
        assert [b"job:1", b"job:1"] == [next(ending), next(lasting)]

        with pytest.raises(grpc.RpcError) as end:
            next(ending)
        wait_until(lambda: stand.grpc_upstreams[A].streams == 0)
        stand.grpc_upstreams[B].step.release()

        assert b"job:2" == next(lasting)
    # What has begun can only be broken off; workers take that as a reason to open the stream again.
    assert grpc.StatusCode.INTERNAL == end.value.code()


def test_no_stream_outlives_the_set_time_and_a_revoked_client_cannot_open_it_again(tmp_path: Path) -> None:
    with standing(tmp_path, stream_life=2) as stand, stand.channel() as channel:
        call = channel.unary_stream(ACTIVATE_JOBS)
        stream = call(b"job", metadata=bearer(stand, sub="deleted"))
        stand.grpc_upstreams[A].step.release()
        next(stream)
        stand.apply(revocations=DELETED)

        with pytest.raises(grpc.RpcError) as broken:
            next(stream)
        with pytest.raises(grpc.RpcError) as refused:
            next(call(b"job", metadata=bearer(stand, sub="deleted")))
        silent = call(b"job", metadata=bearer(stand, sub="another"))
        with pytest.raises(grpc.RpcError) as over:
            next(silent)

    assert [grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.DEADLINE_EXCEEDED] == [
        error.value.code() for error in (broken, refused, over)
    ]
    assert rules.TOO_LONG == over.value.details()


def test_nobody_says_how_long_a_call_may_last_but_the_gateway(stand: Stand) -> None:
    """Neither does a caller's word count nor does ours go further than the gateway."""
    wish = [
        ("x-envoy-upstream-rq-timeout-ms", "600000"),
        ("x-gatekey-expires", "9999999999"),
        ("x-gatekey-token", "x"),
        ("x-gatekey-credential", "x"),
    ]
    with stand.channel() as channel:
        expired = bearer(stand, exp=int(time.time()) - 8)
        stream = channel.unary_stream(ACTIVATE_JOBS)(b"job", metadata=[*expired, *wish])
        with pytest.raises(grpc.RpcError) as end:
            next(stream)
    heard = [name for name, _ in stand.grpc_upstreams[A].metadata]
    seen = [*heard, *stand.ask(PATH, [*bearer(stand), *wish]).document["headers"]]

    assert grpc.StatusCode.UNAVAILABLE == end.value.code()
    assert {"x-gatekey-client", "x-gatekey-cluster"} == {name for name in seen if name.startswith("x-gatekey-")}
    assert not [name for name in seen if "timeout" in name]


def test_a_call_that_lasts_too_long_is_told_so(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        standing(tmp_path, stream_life=1) as stand,
    ):
        nowhere = Address("127.0.0.1", silent.getsockname()[1])
        stand.apply(clusters=(GuardedCluster(A, "local", nowhere, nowhere),))

        answer = stand.ask(PATH, bearer(stand))

    assert (504, rules.TOO_LONG, 504) == (answer.status, answer.document["detail"], answer.document["status"])


def test_a_rule_that_reads_claims_finds_them_also_where_none_was_needed_before(stand: Stand) -> None:
    now = int(time.time())
    old = bearer(stand, credential_id="leaked", iat=now - 10)
    assert 200 == stand.ask(PATH, old).status

    stand.apply(revocations={Subject(Named.CREDENTIAL, "leaked"): now})
    fresh = bearer(stand, credential_id="leaked", iat=now)
    seen = [stand.ask(PATH, headers).status for headers in (old, fresh)]
    stand.apply(revocations={})

    assert [401, 200] == seen
    assert [200, 200] == [stand.ask(PATH, headers).status for headers in (old, fresh)]
