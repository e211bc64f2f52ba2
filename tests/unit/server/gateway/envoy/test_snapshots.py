from dataclasses import replace

from gatekey.server.gateway.envoy import compile_view
from gatekey.server.gateway.envoy.revocations import MOST_LATEST
from gatekey.server.gateway.envoy.snapshots import LEAD, OVERLAP, Snapshot, Stage, first_edition, next_edition
from gatekey.server.gateway.policy.model import Address, GatewayView, GuardedCluster
from gatekey.server.gateway.policy.revocations import FOREVER, Named, Subject

HERE, THERE = Address("localhost", 1), Address("localhost", 2)
ONE, TWO = (GuardedCluster(cluster_id, "local", HERE, HERE) for cluster_id in ("one", "two"))
VIEW = GatewayView(Address("localhost", 26600), "http://issuer", "{}", "camunda.io", clusters=(ONE,))
FIRST = first_edition(VIEW, 0.0)


def revoked(*numbers: int) -> dict[Subject, int]:
    return {Subject(Named.CLIENT, f"client-{number}"): FOREVER for number in numbers}


def upstreams(edition: Snapshot) -> list[str]:
    return [document["name"] for document in edition.resources.upstreams]


def test_without_a_change_nothing_is_made_anew() -> None:
    assert next_edition(FIRST, VIEW, 1.0) is FIRST


def test_a_service_that_starts_gives_all_revocations_in_both_parts() -> None:
    first = first_edition(replace(VIEW, revocations=revoked(1)), 0.0)

    assert "client-1" in str(first.resources.settled)
    assert "client-1" in str(first.resources.latest)


def test_a_revocation_and_a_key_wait_for_nothing() -> None:
    widened = next_edition(FIRST, replace(VIEW, clusters=(ONE, TWO)), 1.0)
    view = replace(widened.view, keys='{"keys": []}', revocations=revoked(1))
    edition = next_edition(widened, view, 1.1)

    assert Stage.WIDENED is edition.stage
    assert "client-1" in str(edition.resources.latest)
    assert edition.resources.settled is widened.resources.settled
    assert '{"keys": []}' in str(edition.resources.verification)


def test_claims_are_kept_from_the_first_moment_on() -> None:
    assert "payload_in_metadata" in str(FIRST.resources.verification)


def test_routes_lead_to_a_new_upstream_only_when_everybody_has_it() -> None:
    view = replace(VIEW, clusters=(TWO,))
    widened = next_edition(FIRST, view, 10.0)
    waiting = next_edition(widened, view, 10.0 + LEAD / 2)
    routed = next_edition(waiting, view, 10.0 + LEAD)
    done = next_edition(next_edition(routed, view, 10.0 + 1.5 * LEAD), view, 10.0 + 2 * LEAD)

    assert ["two/grpc", "two/rest", "one/grpc", "one/rest"] == upstreams(widened)
    assert (widened.resources.routes, True) == (FIRST.resources.routes, waiting is widened)
    assert ("two" in str(routed.resources.routes), upstreams(routed)) == (True, upstreams(widened))
    assert (["two/grpc", "two/rest"], Stage.DONE) == (upstreams(done), done.stage)


def test_a_change_during_a_change_waits_for_its_turn_and_has_it() -> None:
    edition, now = next_edition(FIRST, replace(VIEW, clusters=(ONE, TWO)), 0.0), 0.0
    view = replace(VIEW, clusters=(replace(ONE, rest=THERE),))
    for _ in range(6):
        now += LEAD
        edition = next_edition(edition, view, now)
    whole = compile_view(view)

    assert (whole.routes, whole.upstreams) == (edition.resources.routes, edition.resources.upstreams)


def test_revocations_that_settle_stay_among_the_latest_until_nobody_can_have_them_in_neither() -> None:
    first = first_edition(VIEW, 0.0)
    many = replace(VIEW, revocations=revoked(*range(MOST_LATEST + 1)))
    settling = next_edition(first, many, 1.0)
    one_more = replace(VIEW, revocations=revoked(*range(MOST_LATEST + 2)))
    overlapping = next_edition(settling, one_more, OVERLAP)
    settled = next_edition(overlapping, one_more, 1.0 + OVERLAP)

    assert [True, True] == ["client-0" in str(part) for part in (settling.resources.settled, settling.resources.latest)]
    assert [True, True] == [f"client-{n}'" in str(overlapping.resources.latest) for n in (0, MOST_LATEST + 1)]
    assert overlapping.resources.settled is settling.resources.settled
    assert [False, True] == [f"client-{n}'" in str(settled.resources.latest) for n in (0, MOST_LATEST + 1)]
