"""Explanations as plain values, for programs: what the API answers and `--json` prints."""

from collections.abc import Iterable
from datetime import UTC, datetime

from gatekey.server.traffic.explaining import (
    AddressExplained,
    AddressLine,
    Asker,
    BlockExplained,
    ClientExplained,
    Overview,
    Point,
    Tally,
)
from gatekey.server.traffic.findings import Finding
from gatekey.server.traffic.history import MINUTE, NamedClient

Document = dict[str, object]


MOST_ASKERS = 1_000
"""In one document; more are made up by somebody, and in `askerCount`."""


def overview_document(overview: Overview) -> Document:
    """Return the addresses of a period that matter most, and the sums of all."""
    return {
        **_period(overview.now, overview.minutes),
        **_tally(overview.tally),
        "addresses": [_line(line) for line in overview.lines],
        "addressCount": overview.addresses,
        "overTime": _points(overview.points, overview.span),
    }


def address_document(explained: AddressExplained) -> Document:
    """Return why an address is limited."""
    return {
        "address": explained.address,
        "state": explained.state.value,
        "blockedUntil": _time(explained.blocked_until),
        **_period(explained.now, explained.minutes),
        **_tally(explained.tally),
        "findings": [_finding(finding) for finding in explained.findings],
        "askers": [_asker(asker) for asker in explained.askers[:MOST_ASKERS]],
        "askerCount": len(explained.askers),
        "blocks": [_block(block, explained.now) for block in explained.blocks],
        "overTime": _points(explained.points, explained.span),
    }


def client_document(explained: ClientExplained) -> Document:
    """Return from where a client asked and what is wrong with it."""
    return {
        "clientId": explained.client_id,
        "standing": explained.standing.value,
        **_client(explained.client),
        **_period(explained.now, explained.minutes),
        **_tally(explained.tally),
        "findings": [_finding(finding) for finding in explained.findings],
        "askers": [_asker(asker) for asker in explained.askers[:MOST_ASKERS]],
        "askerCount": len(explained.askers),
        "overTime": _points(explained.points, explained.span),
    }


def _period(now: float, minutes: int) -> Document:
    return {"since": _time((int(now // MINUTE) - minutes + 1) * MINUTE), "until": _time(now)}


def _tally(tally: Tally) -> Document:
    return {
        "requests": tally.requests,
        "granted": tally.granted,
        "faulty": tally.faulty,
        "limited": tally.limited,
        "blocked": tally.blocked,
        "failed": tally.failed,
        "spared": tally.spared,
    }


def _line(line: AddressLine) -> Document:
    return {
        "address": line.address,
        "state": line.state.value,
        "blockedUntil": _time(line.blocked_until),
        **_tally(line.tally),
        "clients": line.clients,
        "lastSeen": _time(line.last * MINUTE),
    }


def _asker(asker: Asker) -> Document:
    return {
        "clientId": asker.client_id,
        "standing": asker.standing.value,
        **_client(asker.client),
        "address": asker.address,
        "userAgent": asker.user_agent,
        **_tally(asker.tally),
        "outcomes": {outcome.value: number for outcome, number in asker.outcomes},
        "firstSeen": _time(asker.first * MINUTE),
        "lastSeen": _time(asker.last * MINUTE),
    }


def _client(client: NamedClient | None) -> Document:
    if client is None:
        return {"name": None, "clusterId": None, "deleted": None}
    return {"name": client.name, "clusterId": client.cluster_id, "deleted": _time(client.deleted)}


def _block(explained: BlockExplained, now: float) -> Document:
    block, lifted = explained.block, explained.lifted
    return {
        "began": _time(block.began),
        "ends": _time(block.ends),
        "enforced": block.enforced,
        "holds": explained.holds(now),
        "culprits": [_asker(asker) for asker in explained.culprits],
        "lifted": lifted and {"at": _time(lifted.at), "by": lifted.by, "reason": lifted.reason},
    }


def _finding(finding: Finding) -> Document:
    return {
        "kind": finding.kind.value,
        "requests": finding.requests,
        "lastSeen": _time(finding.last * MINUTE),
        "what": finding.what,
        "advice": finding.advice,
        "address": finding.address,
        "clientId": finding.client_id or None,
        "credentialId": finding.credential_id or None,
    }


def _points(points: Iterable[Point], span: int) -> list[Document]:
    return [{"at": _time(point.minute * MINUTE), "minutes": span, **_tally(point.tally)} for point in points]


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(int(seconds), UTC).isoformat()
