import json
from dataclasses import replace

from gatekey.server.gateway.envoy import compile_view, recompile_rest, recompile_revocations
from gatekey.server.gateway.envoy.resources import Part
from gatekey.server.gateway.envoy.revocations import Ledger
from gatekey.server.gateway.policy.model import Address, GatewayView, GuardedCluster
from gatekey.server.gateway.policy.revocations import FOREVER, Named, Subject

UPSTREAM = Address("localhost", 1)
ONE, TWO = (GuardedCluster(cluster_id, "local", UPSTREAM, UPSTREAM) for cluster_id in ("one", "two"))


def view(*clusters: GuardedCluster, keys: str = "{}") -> GatewayView:
    return GatewayView(Address("localhost", 26600), "http://issuer", keys, "camunda.io", hosts=True, clusters=clusters)


def test_equal_views_make_equal_resources() -> None:
    assert compile_view(view(ONE, TWO)) == compile_view(view(ONE, TWO))


def test_a_new_key_changes_the_verification_alone() -> None:
    before, after = compile_view(view(ONE)), compile_view(view(ONE, keys='{"keys": []}'))

    assert before.verification != after.verification
    assert (before.routes, before.upstreams) == (after.routes, after.upstreams)


def test_a_new_cluster_leaves_verification_and_the_other_upstreams_as_they_are() -> None:
    before, after = compile_view(view(ONE)), compile_view(view(ONE, TWO))

    assert before.verification == after.verification
    assert after.upstreams[: len(before.upstreams)] == before.upstreams


def test_every_document_names_its_type_and_is_json() -> None:
    resources = compile_view(view(ONE))
    documents = [document for part in Part for document in resources.of(part)]

    assert all(document["@type"].startswith("type.googleapis.com/envoy.") for document in documents)
    assert json.loads(json.dumps(documents)) == documents


def test_a_revocation_changes_the_small_part_alone_and_settling_moves_it() -> None:
    settled = {Subject(Named.TOKEN, "old"): FOREVER}
    new = {**settled, Subject(Named.TOKEN, "new"): FOREVER}
    old, advanced = Ledger(settled=settled), Ledger(settled=settled).advanced(new)
    before = compile_view(replace(view(ONE), revocations=settled))
    after = recompile_revocations(before, replace(view(ONE), revocations=new), old, advanced)
    moved = recompile_revocations(after, replace(view(ONE), revocations=new), advanced, Ledger(settled=new))

    assert (before.settled, before.routes) == (after.settled, after.routes)
    assert "new" in str(after.latest)
    assert ("new" in str(moved.settled), "new" in str(moved.latest)) == (True, False)


def test_claims_that_were_kept_once_are_kept_on() -> None:
    known = compile_view(replace(view(ONE), revocations={Subject(Named.CREDENTIAL, "leaked"): 5}))

    assert "payload_in_metadata" in str(recompile_rest(known, view(ONE)).verification)
    assert "payload_in_metadata" not in str(compile_view(view(ONE)).verification)
