from dataclasses import replace

from gatekey.server.gateway.envoy.filters.rbac import LARGEST_DELTA
from gatekey.server.gateway.envoy.snapshots import (
    ACKNOWLEDGED,
    POLLED,
    Snapshot,
    Stage,
    first_snapshot,
    next_snapshot,
)
from gatekey.server.gateway.policy.model import Address, GatewayView, GuardedCluster
from gatekey.server.gateway.policy.revocations import FOREVER, Named, Subject

HERE, THERE = Address("localhost", 1), Address("localhost", 2)
ONE, TWO = (GuardedCluster(cluster_id, "local", HERE, HERE) for cluster_id in ("one", "two"))
VIEW = GatewayView(Address("localhost", 26600), "http://issuer", "{}", "camunda.io", clusters=(ONE,))
FIRST = first_snapshot(VIEW, POLLED, 0.0)


def revoked(*numbers: int) -> dict[Subject, int]:
    return {Subject(Named.CLIENT, f"client-{number}"): FOREVER for number in numbers}


def upstreams(snapshot: Snapshot) -> list[str]:
    return [document["name"] for document in snapshot.resources.upstreams]


def test_without_a_change_nothing_is_made_anew() -> None:
    assert next_snapshot(FIRST, VIEW, 1.0) is FIRST


def test_to_gateways_that_poll_a_service_that_starts_gives_all_revocations_in_both_lists() -> None:
    first = first_snapshot(replace(VIEW, revocations=revoked(1)), POLLED, 0.0)

    assert "client-1" in str(first.resources.base)
    assert "client-1" in str(first.resources.delta)


def test_a_revocation_and_a_key_wait_for_nothing() -> None:
    widened = next_snapshot(FIRST, replace(VIEW, clusters=(ONE, TWO)), 1.0)
    view = replace(widened.view, keys='{"keys": []}', revocations=revoked(1))
    snapshot = next_snapshot(widened, view, 1.1)

    assert Stage.WIDENED is snapshot.stage
    assert "client-1" in str(snapshot.resources.delta)
    assert snapshot.resources.base is widened.resources.base
    assert '{"keys": []}' in str(snapshot.resources.jwt_authn)


def test_a_revocation_of_the_base_that_ends_compiles_nothing_anew() -> None:
    first = first_snapshot(replace(VIEW, revocations=revoked(1)), ACKNOWLEDGED, 0.0)
    ended = next_snapshot(first, replace(VIEW, revocations={}), 1.0)

    assert ended.resources.delta is first.resources.delta
    assert ended.resources.base is first.resources.base


def test_gateways_that_poll_keep_claims_from_the_first_moment_on() -> None:
    assert "payload_in_metadata" in str(FIRST.resources.jwt_authn)


def test_routes_lead_to_a_new_upstream_only_when_everybody_has_it() -> None:
    view = replace(VIEW, clusters=(TWO,))
    widened = next_snapshot(FIRST, view, 10.0)
    waiting = next_snapshot(widened, view, 10.0 + POLLED.lead / 2)
    routed = next_snapshot(waiting, view, 10.0 + POLLED.lead)
    done = next_snapshot(next_snapshot(routed, view, 10.0 + 1.5 * POLLED.lead), view, 10.0 + 2 * POLLED.lead)

    assert ["two/grpc", "two/rest", "one/grpc", "one/rest"] == upstreams(widened)
    assert (widened.resources.routes, True) == (FIRST.resources.routes, waiting is widened)
    assert ("two" in str(routed.resources.routes), upstreams(routed)) == (True, upstreams(widened))
    assert (["two/grpc", "two/rest"], Stage.DONE) == (upstreams(done), done.stage)


def test_a_change_during_a_change_waits_for_its_turn_and_has_it() -> None:
    snapshot, now = next_snapshot(FIRST, replace(VIEW, clusters=(ONE, TWO)), 0.0), 0.0
    view = replace(VIEW, clusters=(replace(ONE, rest=THERE),))
    for _ in range(6):
        now += POLLED.lead
        snapshot = next_snapshot(snapshot, view, now)
    whole = first_snapshot(view, POLLED, 0.0).resources

    assert (whole.routes, whole.upstreams) == (snapshot.resources.routes, snapshot.resources.upstreams)


def test_revocations_that_move_to_the_base_stay_in_the_delta_until_nobody_can_have_them_in_neither() -> None:
    first = first_snapshot(VIEW, POLLED, 0.0)
    many = replace(VIEW, revocations=revoked(*range(LARGEST_DELTA + 1)))
    settling = next_snapshot(first, many, 1.0)
    one_more = replace(VIEW, revocations=revoked(*range(LARGEST_DELTA + 2)))
    overlapping = next_snapshot(settling, one_more, POLLED.overlap)
    settled = next_snapshot(overlapping, one_more, 1.0 + POLLED.overlap)

    assert [True, True] == ["client-0" in str(part) for part in (settling.resources.base, settling.resources.delta)]
    assert [True, True] == [f"client-{n}'" in str(overlapping.resources.delta) for n in (0, LARGEST_DELTA + 1)]
    assert overlapping.resources.base is settling.resources.base
    assert [False, True] == [f"client-{n}'" in str(settled.resources.delta) for n in (0, LARGEST_DELTA + 1)]


def steps(snapshot: Snapshot, view: GatewayView) -> list[Snapshot]:
    """
    What a gateway that acknowledges is given one after the other.
    """
    found = []
    while (following := next_snapshot(snapshot, view, 0.0)) is not snapshot:
        found.append(snapshot := following)
    return found


def test_where_each_part_is_acknowledged_nothing_waits_for_the_clock() -> None:
    first = first_snapshot(VIEW, ACKNOWLEDGED, 0.0)
    widened, routed, done = steps(first, replace(VIEW, clusters=(TWO,)))

    assert ["two/grpc", "two/rest", "one/grpc", "one/rest"] == upstreams(widened)
    assert (first.resources.routes, upstreams(widened)) == (widened.resources.routes, upstreams(routed))
    assert ("two" in str(routed.resources.routes), ["two/grpc", "two/rest"]) == (True, upstreams(done))


def test_revocations_are_in_the_delta_before_they_are_in_the_base_and_leave_it_after() -> None:
    first = first_snapshot(replace(VIEW, revocations=revoked(0)), ACKNOWLEDGED, 0.0)
    parts = [
        ("client-9" in str(step.resources.delta), "client-9" in str(step.resources.base))
        for step in steps(first, replace(VIEW, revocations=revoked(*range(LARGEST_DELTA + 2))))
    ]

    assert (
        "client-0" in str(first.resources.base),
        "client-0" in str(first.resources.delta),
    ) == (
        True,
        False,
    )
    assert [(True, True), (False, True)] == list(dict.fromkeys(parts))


def test_a_few_revocations_leave_the_base_as_it_is() -> None:
    first = first_snapshot(replace(VIEW, revocations=revoked(0)), ACKNOWLEDGED, 0.0)
    last = steps(first, replace(VIEW, revocations=revoked(0, 1)))[-1]

    assert last.resources.base is first.resources.base
    assert (
        "client-1" in str(last.resources.delta),
        "client-0" in str(last.resources.delta),
    ) == (
        True,
        False,
    )


def test_claims_that_were_kept_once_are_kept_on() -> None:
    plain = first_snapshot(VIEW, ACKNOWLEDGED, 0.0)
    leaked = steps(plain, replace(VIEW, revocations={Subject(Named.CREDENTIAL, "leaked"): 5}))[-1]
    after = steps(leaked, VIEW)[-1]

    assert [False, True, True] == [
        "payload_in_metadata" in str(each.resources.jwt_authn) for each in (plain, leaked, after)
    ]


def test_an_equal_view_changes_no_resource() -> None:
    equal = replace(VIEW, clusters=(replace(ONE),))

    assert FIRST.resources is next_snapshot(FIRST, equal, 1.0).resources
    assert steps(next_snapshot(FIRST, equal, 1.0), equal) == []
