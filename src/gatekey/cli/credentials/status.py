"""`gatekey status`: which tokens are kept, until when, and who is left alone and why."""

import time
from datetime import UTC, datetime
from typing import Any

import click

from gatekey.cli.groups import Command
from gatekey.cli.output import print_details, print_json
from gatekey.client.cache.disk import DiskCache
from gatekey.client.cache.record import CredentialRecord, EndpointRecord
from gatekey.client.failures import FailureKind
from gatekey.client.http import shown
from gatekey.client.policy import Backoff
from gatekey.client.token import Freshness

WORDS = {
    Freshness.FRESH: "good until {until} ({left}), as the token endpoint said {age} ago",
    Freshness.STALE: "good until {until} ({left}), as the token endpoint said {age} ago; due for renewal",
    Freshness.EXPIRED: "expired at {until}",
}


@click.command(cls=Command, short_help="Show which tokens are kept, and who may not ask.", examples=("gatekey status",))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(*, as_json: bool) -> None:
    """
    Show the tokens that programs of this user share: until when each is good, which client is left alone after a
    refusal, and which token endpoint after a limit. Asks nobody and prints no token: whether the token endpoint still
    knows the client, gatekey token asks.
    """
    cache, now = DiskCache(), time.time()
    credentials, endpoints = cache.records()
    paused = [endpoint for endpoint in endpoints if endpoint.pause and endpoint.pause.stands(now)]
    if as_json:
        print_json(
            {
                "folder": str(cache.folder),
                "credentials": [_fields(record, now) for record in credentials],
                "token_endpoints": [_pause_fields(endpoint) for endpoint in paused],
            }
        )
        return
    if not credentials and not paused:
        click.echo(f"Nothing is kept in {cache.folder}.")
    for record in credentials:
        _print(record, now)
    for endpoint in paused:
        print_details([("token URL", shown(endpoint.token_url)), ("nobody asks", _why(endpoint.pause, now))])
        click.echo()


def _print(record: CredentialRecord, now: float) -> None:
    rows = [
        ("client id", record.client_id),
        ("audience", record.audience or "(the server's default)"),
        ("token URL", shown(record.token_url)),
        ("token", _told(record, now)),
    ]
    if record.refusal and record.refusal.stands(now):
        rows.append(("refused", _why(record.refusal, now)))
    print_details(rows)
    click.echo()


def _told(record: CredentialRecord, now: float) -> str:
    token = record.token
    if token is None:
        return "none"
    if _refused_since(record):
        return "not given out any more: the token endpoint refused its client later"
    until = datetime.fromtimestamp(token.expires_at).astimezone().isoformat(" ", timespec="seconds")
    left, age = _span(token.expires_at - now), _span(now - token.obtained_at)
    return WORDS[token.freshness(now)].format(until=until, left=left, age=age)


def _refused_since(record: CredentialRecord) -> bool:
    token, refusal = record.token, record.refusal
    refused = refusal is not None and refusal.failure.kind is FailureKind.REFUSED
    return refused and token is not None and refusal is not None and refusal.since > token.obtained_at


def _why(backoff: Backoff | None, now: float) -> str:
    if backoff is None:
        return ""
    failure = backoff.failure
    words = failure.message or f"{failure.status} {failure.error} {failure.description}".strip()
    return f"{words}; not asked for another {_span(backoff.until - now)}"


def _span(seconds: float) -> str:
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def _fields(record: CredentialRecord, now: float) -> dict[str, Any]:
    token, refusal = record.token, record.refusal
    return {
        "client_id": record.client_id,
        "token_url": shown(record.token_url),
        "audience": record.audience,
        "scope": record.scope,
        "token": {
            "freshness": token.freshness(now),
            "expires_at": _time(token.expires_at),
            "obtained_at": _time(token.obtained_at),
            "refused_since": _refused_since(record),
        }
        if token
        else None,
        "refused": _backoff_fields(refusal) if refusal and refusal.stands(now) else None,
    }


def _pause_fields(endpoint: EndpointRecord) -> dict[str, Any]:
    return {"token_url": shown(endpoint.token_url), "paused": _backoff_fields(endpoint.pause)}


def _backoff_fields(backoff: Backoff | None) -> dict[str, Any] | None:
    if backoff is None:
        return None
    failure = backoff.failure
    return {
        "kind": failure.kind,
        "status": failure.status or None,
        "error": failure.error or None,
        "description": failure.description or failure.message or None,
        "until": _time(backoff.until),
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
