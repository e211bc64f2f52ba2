"""
Searching: what fits, in order, a page at a time.
"""

from typing import Any

import pytest

from gatekey.demo.apis.search import SearchError, search

DOCUMENTS: list[dict[str, Any]] = [
    {"key": str(n), "n": n, "state": "ACTIVE" if n % 2 else "COMPLETED"} for n in range(6)
]


def keys(**request: Any) -> list[str]:
    return [item["key"] for item in search(DOCUMENTS, request)["items"]]


def test_all_is_found_without_a_filter() -> None:
    assert (6, 6) == (len(keys()), search(DOCUMENTS, {})["page"]["totalItems"])


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"state": "ACTIVE"}, ["1", "3", "5"]),
        ({"state": {"$eq": "ACTIVE"}, "n": {"$gt": 1, "$lt": 5}}, ["3"]),
        ({"n": {"$gte": 4}}, ["4", "5"]),
        ({"n": {"$lte": 1}}, ["0", "1"]),
        ({"key": {"$in": ["2", "9"]}}, ["2"]),
        ({"key": {"$notIn": ["0", "1", "2", "3", "4"]}}, ["5"]),
        ({"state": {"$neq": "ACTIVE"}}, ["0", "2", "4"]),
        ({"state": {"$like": "COMP*"}}, ["0", "2", "4"]),
        ({"state": {"$exists": False}}, []),
    ],
)
def test_a_filter_chooses(wanted: dict[str, Any], found: list[str]) -> None:
    assert found == keys(filter=wanted)


def test_pages_follow_each_other_in_order() -> None:
    sort = [{"field": "state"}, {"field": "n", "order": "DESC"}]
    first = search(DOCUMENTS, {"sort": sort, "page": {"limit": 4}})
    rest = search(DOCUMENTS, {"sort": sort, "page": {"after": first["page"]["endCursor"]}})

    assert ["5", "3", "1", "4"] == [item["key"] for item in first["items"]]
    assert ["2", "0"] == [item["key"] for item in rest["items"]]
    assert ["2"] == keys(page={"from": 2, "limit": 1})


@pytest.mark.parametrize(
    "request_",
    [
        {"filter": {"unknown": 1}},
        {"filter": {"n": {"$near": 1}}},
        {"filter": {"n": {"$gt": "x"}}},
        {"filter": []},
        {"filter": [1]},
        {"sort": {"field": "n"}},
        {"sort": ["n"]},
        {"sort": [{"field": "unknown"}]},
        {"page": {"after": "???"}},
        {"page": {"limit": -1}},
        {"page": {"from": True}},
    ],
)
def test_what_makes_no_sense_is_refused(request_: dict[str, Any]) -> None:
    if request_ == {"filter": []}:
        assert 6 == len(search(DOCUMENTS, request_)["items"])
        return
    with pytest.raises(SearchError):
        search(DOCUMENTS, request_)
