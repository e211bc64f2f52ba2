"""Searching as the Orchestration Cluster REST API does it: filter, sort and page over documents. Pure."""

import base64
import fnmatch
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

MOST = 10_000
"""Items of one page at most."""

USUAL = 100
"""Items of a page that names no limit."""

Document = Mapping[str, Any]
Test = Callable[[Document, Any], bool]


OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "$eq": operator.eq,
    "$neq": operator.ne,
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
    "$in": lambda actual, value: actual in value,
    "$notIn": lambda actual, value: actual not in value,
    "$exists": lambda actual, value: (actual is not None) is bool(value),
    "$like": lambda actual, value: fnmatch.fnmatchcase(str(actual), str(value)),
}


class SearchError(ValueError):
    """The request makes no sense; the text says why."""


def search(documents: Iterable[Document], request: Mapping[str, Any], **tests: Test) -> dict[str, Any]:
    """Return one page of what fits; `tests` are filters that are no member of a document. Raises `SearchError`."""
    wanted = _object(request, "filter")
    found = [document for document in documents if all(_fits(document, *each, tests) for each in wanted.items())]
    for order in reversed(_list(request, "sort")):
        _sort(found, order)
    page = _object(request, "page")
    start, limit = _number(page, "from", _start(page)), min(_number(page, "limit", USUAL), MOST)
    items = found[start : start + limit]
    end = start + len(items)
    return {
        "items": items,
        "page": {
            "totalItems": len(found),
            "hasMoreTotalItems": False,
            "startCursor": _cursor(start) if items else None,
            "endCursor": _cursor(end) if items else None,
        },
    }


def _start(page: Mapping[str, Any]) -> int:
    after = page.get("after")
    if after is None:
        return 0
    try:
        return int(base64.b64decode(str(after), validate=True))
    except ValueError:
        raise SearchError("after must be the endCursor of an earlier answer") from None


def _cursor(number: int) -> str:
    # Clients check that cursors are base64.
    return base64.b64encode(str(number).encode()).decode()


def _fits(document: Document, name: str, wanted: Any, tests: Mapping[str, Test]) -> bool:
    if name in tests:
        return tests[name](document, wanted)
    if name not in document:
        raise SearchError(f"the filter {name} is not known to the demo cluster")
    actual = document[name]
    if not isinstance(wanted, Mapping):
        return bool(actual == wanted)
    return all(_holds(actual, each, value) for each, value in wanted.items())


def _holds(actual: Any, name: str, value: Any) -> bool:
    holds = OPERATORS.get(name)
    if holds is None:
        raise SearchError(f"the operator {name} cannot be used here")
    try:
        return bool(holds(actual, value))
    except TypeError:
        raise SearchError(f"the operator {name} cannot be used with this value") from None


def _sort(found: list[Document], order: Any) -> None:
    name = order.get("field") if isinstance(order, Mapping) else None
    if not isinstance(name, str) or any(name not in document for document in found):
        raise SearchError(f"the field {name} cannot be sorted by")
    descending = str(order.get("order", "ASC")).upper() == "DESC"
    known = [document for document in found if document[name] is not None]
    unknown = [document for document in found if document[name] is None]
    known.sort(key=lambda document: document[name], reverse=descending)
    found[:] = [*unknown, *known] if descending else [*known, *unknown]


def _object(request: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = request.get(name) or {}
    if not isinstance(found, Mapping):
        raise SearchError(f"{name} must be an object")
    return found


def _list(request: Mapping[str, Any], name: str) -> list[Any]:
    found = request.get(name) or []
    if not isinstance(found, list):
        raise SearchError(f"{name} must be a list")
    return found


def _number(page: Mapping[str, Any], name: str, usual: int) -> int:
    found = page.get(name)
    if found is None:
        return usual
    if isinstance(found, bool) or not isinstance(found, int) or found < 0:
        raise SearchError(f"{name} must be a number from 0 on")
    return found
