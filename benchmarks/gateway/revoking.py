"""
From a revocation that is on disk to the refusal at the gateway, through the whole product.
"""

import base64
import http.client
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import insert

from benchmarks.gateway.plan import MANY_REVOCATIONS
from benchmarks.gateway.processes import NotAvailable
from benchmarks.gateway.service import GIVE_UP, Service, running_service
from gatekey.server.run.installation import Installation
from gatekey.server.storage.sql import tables
from gatekey.server.storage.sql.changes import Topic, note_changes
from gatekey.server.tokens.revocation import Kind, Revocation

POLL = 0.002
"""Seconds between two calls with a token that is revoked."""


@dataclass(frozen=True, slots=True)
class Delays:
    """
    Seconds until each revocation was felt; `known` is how many there were before.
    """

    known: int
    seconds: tuple[float, ...]


def measure_revoking(folder: Path, rest_port: int, count: int) -> list[Delays]:
    """
    Revoke tokens one by one and ask the gateway until it refuses: with none known, and with many.
    """
    with running_service(folder / "revoking", zeebe_rest=f"http://127.0.0.1:{rest_port}") as service:
        tokens = service.tokens(2 * count)
        few = _revoke_each(service, tokens[:count])
        _revoke_many(service.installation)
        _revoke_each(service, tokens[-1:])  # from now on the gateway knows the many
        many = _revoke_each(service, tokens[count:-1])
    return [Delays(0, few), Delays(MANY_REVOCATIONS, many)]


def _revoke_each(service: Service, tokens: Sequence[str]) -> tuple[float, ...]:
    connection = http.client.HTTPConnection("127.0.0.1", service.gateway_port, timeout=GIVE_UP)
    try:
        return tuple(_revoke(service.installation, connection, token) for token in tokens)
    finally:
        connection.close()


def _revoke(installation: Installation, connection: http.client.HTTPConnection, token: str) -> float:
    if _status(connection, token) != http.client.OK:
        raise NotAvailable("the token did not open the gateway before it was revoked")
    now = time.time()
    token_id = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["jti"]
    installation.revocations.revoke(Revocation(Kind.TOKEN, token_id, int(now) + 1, now + 3600), by="bench", at=now)
    begin = time.monotonic()
    while _status(connection, token) != http.client.UNAUTHORIZED:
        if time.monotonic() - begin > GIVE_UP:
            raise NotAvailable(f"a revocation was not felt within {GIVE_UP:.0f} s")
        time.sleep(POLL)
    return time.monotonic() - begin


def _status(connection: http.client.HTTPConnection, token: str) -> int:
    connection.request("GET", "/v2/topology", headers={"authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def _revoke_many(installation: Installation) -> None:
    until = time.time() + 3600
    rows = [
        {"kind": Kind.TOKEN.value, "subject": f"earlier-{number}", "before": 1, "until": until}
        for number in range(MANY_REVOCATIONS)
    ]
    with installation.database.writing() as connection:
        connection.execute(insert(tables.revocation), rows)
        note_changes(connection, Topic.EVERYTHING, "")
