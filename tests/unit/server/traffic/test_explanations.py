"""
Asking the real history: of everything, of one address, of one client.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekey.server.events.model import Outcome
from gatekey.server.run.installation import Installation
from gatekey.server.storage.traffic.request_history import SqlRequestHistory
from gatekey.server.traffic.counting import Row
from gatekey.server.traffic.explaining import State
from gatekey.server.traffic.explanations import Explanations
from gatekey.server.traffic.findings import Kind
from gatekey.server.traffic.history import Block, Counted, Standing
from support.history import AWAY, HOME, NOW, counted
from support.service import add_client, installed


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with installed(tmp_path / "data") as opened:
        yield opened


def explanations(installation: Installation, *history: Counted, blocks: tuple[Block, ...] = ()) -> Explanations:
    kept = SqlRequestHistory(installation.database, 86_400)
    kept.add({Row(*(str(part) if index else part for index, part in enumerate(t))): n for t, n in history})  # type: ignore[arg-type] # the first is the minute
    kept.add_blocks(blocks)
    return Explanations(kept, lambda: NOW)


def test_an_address_is_explained_with_names_blocks_and_findings(installation: Installation) -> None:
    gone = add_client(installation, "gone").client.client_id
    live = add_client(installation, "live").client.client_id
    installation.clients.delete(gone, by="test")
    asked = explanations(
        installation,
        counted(40, Outcome.UNKNOWN_CLIENT, client_id=gone, ago=3),
        counted(2, client_id=live, ago=1),
        counted(1, client_id=live, ago=600, address=AWAY),
        blocks=(Block(HOME, NOW - 170, NOW + 30),),
    )
    explained = asked.address(HOME)

    assert (State.BLOCKED, NOW + 30, 42) == (explained.state, explained.blocked_until, explained.tally.requests)
    assert [("gone", Standing.DELETED), ("live", Standing.KNOWN)] == [
        (asker.client and asker.client.name, asker.standing) for asker in explained.askers
    ]
    assert ["gone"] == [asker.client and asker.client.name for asker in explained.blocks[0].culprits]
    assert [Kind.DELETED_CLIENT, Kind.NEW_PLACE] == [finding.kind for finding in explained.findings]


def test_a_client_is_explained_from_all_its_addresses(installation: Installation) -> None:
    live = add_client(installation, "live").client.client_id
    asked = explanations(
        installation,
        counted(2, client_id=live, ago=700),
        counted(3, Outcome.WRONG_SECRET, client_id=live, address=AWAY),
        counted(1, client_id=live, address="203.0.113.9"),
    )
    explained = asked.client(live)

    assert (Standing.KNOWN, 6) == (explained.standing, explained.tally.requests)
    assert {HOME, AWAY, "203.0.113.9"} == {asker.address for asker in explained.askers}
    assert [Kind.WRONG_SECRET, Kind.NEW_PLACE] == [finding.kind for finding in explained.findings]


def test_a_client_that_never_was_is_explained_too(installation: Installation) -> None:
    explained = explanations(installation, counted(2, Outcome.UNKNOWN_CLIENT, client_id="stranger")).client("stranger")

    assert (Standing.UNKNOWN, None, 2) == (explained.standing, explained.client, explained.tally.requests)
    assert [Kind.UNKNOWN_CLIENT] == [finding.kind for finding in explained.findings]


def test_the_overview_has_every_address_of_its_period(installation: Installation) -> None:
    asked = explanations(
        installation,
        counted(5),
        counted(7, Outcome.LIMITED, address=AWAY),
        counted(9, ago=61),
        blocks=(Block("203.0.113.9", NOW - 9_000, NOW + 9_000),),
    )
    overview = asked.overview()

    assert (12, 60, 1, 60) == (overview.tally.requests, overview.minutes, overview.span, len(overview.points))
    assert [("203.0.113.9", State.BLOCKED), (AWAY, State.LIMITED), (HOME, State.FREE)] == [
        (line.address, line.state) for line in overview.lines
    ]
    assert 3 == overview.addresses
    assert 21 == asked.overview(1_440).tally.requests


def test_an_overview_has_the_worst_and_says_how_many_there_are(installation: Installation) -> None:
    asked = explanations(
        installation,
        *(counted(number, Outcome.LIMITED, address=f"192.0.2.{number}") for number in range(1, 9)),
        blocks=(Block("192.0.2.1", NOW - 9, NOW + 9),),
    )
    overview = asked.overview(most=2)

    assert ["192.0.2.1", "192.0.2.8", "192.0.2.7"] == [line.address for line in overview.lines]
    assert (8, 36) == (overview.addresses, overview.tally.requests)
