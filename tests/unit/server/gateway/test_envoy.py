import json

from gatekey.server.gateway.envoy.resources import Part, Resources
from gatekey.server.gateway.envoy.snapshots import ACKNOWLEDGED, first_snapshot
from gatekey.server.gateway.policy.model import Address, GatewayView, GuardedCluster

UPSTREAM = Address("localhost", 1)
ONE, TWO = (GuardedCluster(cluster_id, "local", UPSTREAM, UPSTREAM) for cluster_id in ("one", "two"))


def view(*clusters: GuardedCluster, keys: str = "{}") -> GatewayView:
    return GatewayView(Address("localhost", 26600), "http://issuer", keys, "camunda.io", hosts=True, clusters=clusters)


def compile_view(seen: GatewayView) -> Resources:
    return first_snapshot(seen, ACKNOWLEDGED, 0.0).resources


def test_equal_views_make_equal_resources() -> None:
    assert compile_view(view(ONE, TWO)) == compile_view(view(ONE, TWO))


def test_a_new_key_changes_the_verification_alone() -> None:
    before, after = compile_view(view(ONE)), compile_view(view(ONE, keys='{"keys": []}'))

    assert before.jwt_authn != after.jwt_authn
    assert (before.routes, before.upstreams) == (after.routes, after.upstreams)


def test_a_new_cluster_leaves_verification_and_the_other_upstreams_as_they_are() -> None:
    before, after = compile_view(view(ONE)), compile_view(view(ONE, TWO))

    assert before.jwt_authn == after.jwt_authn
    assert after.upstreams[: len(before.upstreams)] == before.upstreams


def test_every_document_names_its_type_and_is_json() -> None:
    resources = compile_view(view(ONE))
    documents = [document for part in Part for document in resources.of(part)]

    assert all(document["@type"].startswith("type.googleapis.com/envoy.") for document in documents)
    assert json.loads(json.dumps(documents)) == documents
