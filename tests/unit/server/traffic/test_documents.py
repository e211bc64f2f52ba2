"""
Documents are plain values that say what explanations say.
"""

import json

from gatekey.server.events.model import Outcome
from gatekey.server.traffic.documents import MOST_ASKERS, address_document, client_document, overview_document
from gatekey.server.traffic.explaining import (
    AddressExplained,
    ClientExplained,
    Overview,
    State,
    askers,
    explain_blocks,
    lines,
    points,
    tally,
)
from gatekey.server.traffic.findings import find
from gatekey.server.traffic.history import Block, Counted, Standing, Unblocked
from support.history import HOME, NOW, counted, named

NAMES = {"a": named("a"), "gone": named("gone", deleted=NOW - 60)}
HISTORY = [counted(2), counted(4, Outcome.UNKNOWN_CLIENT, client_id="gone"), counted(1, Outcome.FAILED, ago=4)]
BLOCKS = [Block(HOME, NOW - 30, NOW + 30)]


def of_address(history: list[Counted]) -> AddressExplained:
    span, plotted = points(history, NOW, 60)
    return AddressExplained(
        HOME,
        NOW,
        60,
        span,
        State.BLOCKED,
        NOW + 30,
        tally(history),
        plotted,
        askers(history, NAMES),
        explain_blocks(BLOCKS, [Unblocked(HOME, NOW - 5, "ada", "why not")], history, NAMES),
        find(history, NAMES, NOW),
    )


def test_an_address_is_told_whole() -> None:
    document = address_document(of_address(HISTORY))

    assert document == json.loads(json.dumps(document))
    assert (7, 2, 4, 1) == tuple(document[name] for name in ("requests", "granted", "faulty", "failed"))
    assert ("blocked", "2030-03-17T17:48:00+00:00") == (document["state"], document["blockedUntil"])
    assert ("2030-03-17T16:48:00+00:00", "2030-03-17T17:47:30+00:00") == (document["since"], document["until"])
    assert 60 == len(list_of(document, "overTime"))

    [block] = list_of(document, "blocks")
    gone, known = list_of(document, "askers")
    [finding] = list_of(document, "findings")

    assert {"at": "2030-03-17T17:47:25+00:00", "by": "ada", "reason": "why not"} == block["lifted"]
    assert (False, True) == (block["holds"], block["enforced"])
    assert ("client-gone", "deleted", {"unknown client": 4}) == (gone["name"], gone["standing"], gone["outcomes"])
    assert ("client-a", None, {"granted": 2, "failed": 1}) == (known["name"], known["deleted"], known["outcomes"])
    assert ("deleted client still asks", "gone", None) == (
        finding["kind"],
        finding["clientId"],
        finding["credentialId"],
    )


def test_of_made_up_askers_the_busiest_are_told_and_all_are_counted() -> None:
    history = [counted(1, Outcome.UNKNOWN_CLIENT, client_id=f"x{number}") for number in range(MOST_ASKERS + 7)]
    document = address_document(of_address(history))

    assert (MOST_ASKERS, MOST_ASKERS + 7) == (len(list_of(document, "askers")), document["askerCount"])


def test_a_client_that_never_was_has_no_name() -> None:
    span, plotted = points(HISTORY, NOW, 60)
    document = client_document(
        ClientExplained("x", Standing.UNKNOWN, None, NOW, 60, span, tally(HISTORY), plotted, (), ())
    )

    assert ("x", "unknown", None, None) == tuple(document[name] for name in ("clientId", "standing", "name", "deleted"))
    assert document == json.loads(json.dumps(document))


def test_an_overview_says_how_many_addresses_there_are() -> None:
    span, plotted = points(HISTORY, NOW, 60)
    found = lines(HISTORY, {HOME: 2}, BLOCKS, [], NOW)
    document = overview_document(Overview(NOW, 60, span, tally(HISTORY), plotted, found, 9))

    assert (9, 7) == (document["addressCount"], document["requests"])
    assert [(HOME, "blocked", 2)] == [
        (line["address"], line["state"], line["clients"]) for line in list_of(document, "addresses")
    ]


def list_of(document: dict[str, object], name: str) -> list[dict[str, object]]:
    found = document[name]
    assert isinstance(found, list)
    return found
