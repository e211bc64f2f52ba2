from typing import Any

import pytest

from gatekey.server.gateway.envoy.filters.rbac import RevocationLists, compile_revocations
from gatekey.server.gateway.policy.revocations import FOREVER, Named, Subject

TOKEN, SECRET = Subject(Named.TOKEN, "token"), Subject(Named.CREDENTIAL, "secret")
CLIENT, NARROWED = Subject(Named.CLIENT, "client"), Subject(Named.CLIENT, "client", "operate.camunda.io")


def trees(revocations: dict[Subject, int]) -> dict[str, Any]:
    """The compiled trees by the header that they look at."""
    found = {}
    step = compile_revocations(revocations, "x")["typed_config"]["matcher"]
    while "matcher_tree" in step:
        tree = step["matcher_tree"]
        found[tree["input"]["name"]] = tree["exact_match_map"]["map"]
        step = step["on_no_match"].get("matcher", step["on_no_match"])
    return found


def test_without_revocations_there_is_no_rule() -> None:
    assert "matcher" not in compile_revocations({}, "x")["typed_config"]


def test_each_kind_is_looked_up_by_its_own_header() -> None:
    found = trees({TOKEN: FOREVER, SECRET: 5, CLIENT: FOREVER})

    assert {"x-gatekey-token": ["token"], "x-gatekey-credential": ["secret"], "x-gatekey-client": ["client"]} == {
        header: list(names) for header, names in found.items()
    }


@pytest.mark.parametrize(
    ("revocations", "rules"),
    [({CLIENT: FOREVER}, 0), ({CLIENT: FOREVER, NARROWED: 5}, 0), ({CLIENT: 5}, 1), ({CLIENT: 5, NARROWED: 7}, 2)],
)
def test_times_are_compared_only_where_newer_tokens_may_come(revocations: dict[Subject, int], rules: int) -> None:
    entry = trees(revocations)["x-gatekey-client"]["client"]

    assert rules == len(entry.get("matcher", {}).get("matcher_list", {}).get("matchers", []))


def test_the_delta_holds_only_what_is_new_or_changed() -> None:
    lists = RevocationLists(base={TOKEN: 1, SECRET: 1}).advanced({TOKEN: 1, SECRET: 2, CLIENT: 1})

    assert ({TOKEN: 1, SECRET: 1}, {SECRET: 2, CLIENT: 1}) == (lists.base, lists.delta)
