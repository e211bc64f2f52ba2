"""`gatekey limits allow`, `disallow` and `rules`: exceptions from the limit."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import click

from gatekey.cli.durations import duration
from gatekey.cli.groups import Command, Function
from gatekey.cli.limits import wording
from gatekey.cli.naming import client_option
from gatekey.cli.opening import ACTOR, Invocation, Refusal, administers, find_client
from gatekey.cli.output import Column, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatekey.server.limits.orders import KeptRule
    from gatekey.server.limits.rules import Rule, Subject
    from gatekey.server.run.installation import Installation


class SubjectOptions(TypedDict):
    """SubjectOptions an exception is about, as it was typed: exactly one is not None."""

    network: str | None
    client: str | None
    organisation: str | None


class ExemptionOptions(SubjectOptions):
    """What the options of `allow` say."""

    lasting: timedelta | None
    rate: float | None
    burst: int | None
    note: str


def _whom(command: Function) -> Function:
    command = click.option("--organisation", metavar="ID", help="An organisation, instead of a network.")(command)
    command = client_option("A client (id or name), instead of a network.")(command)
    return click.argument("network", required=False)(command)


def _check(whom: SubjectOptions) -> None:
    if sum(each is not None for each in (whom["network"], whom["client"], whom["organisation"])) != 1:
        raise click.UsageError("Name a network, or a client with --client, or an organisation with --organisation.")


def _named(installation: "Installation", whom: SubjectOptions) -> "tuple[Subject, str]":
    from gatekey.server.limits.rules import Subject

    if whom["client"] is not None:
        return Subject.CLIENT, find_client(installation, whom["client"]).client.client_id
    if whom["organisation"] is not None:
        return Subject.ORGANISATION, whom["organisation"]
    return Subject.ADDRESS, whom["network"] or ""


@click.command(
    cls=Command,
    examples=(
        "gatekey limits allow 192.0.2.0/24 --for 7d --note build-servers",
        "gatekey limits allow --client my-app",
    ),
)
@_whom
@click.option("--for", "lasting", callback=duration, metavar="DURATION", help="How long: 1h, 7d.  [default: for ever]")
@click.option("--rate", type=float, help="Requests per second; without it there is no limit at all.")
@click.option("--burst", type=int, help="Requests at once after a rest; goes with --rate.")
@click.option("--note", default="", help="Why, one line.")
@administers()
def allow(at: Invocation, **asked: Unpack[ExemptionOptions]) -> None:
    """
    Let NETWORK (192.0.2.7, 192.0.2.0/24), a client or an organisation ask more often, or without limit.

    A network's exception holds before a request is read; a client's and an organisation's where limits are fair.
    """
    _check(asked)
    with at.opened() as installation:
        from gatekey.server.limits.orders import Refused

        subject, name = _named(installation, asked)
        lasting = None if asked["lasting"] is None else asked["lasting"].total_seconds()
        outcome = installation.operating.limits.allow(
            subject, name, by=ACTOR, rate=asked["rate"], burst=asked["burst"], lasting=lasting, note=asked["note"]
        )
    if isinstance(outcome, Refused):
        raise Refusal(outcome.public)
    at.answer(_document(outcome), f"Allowed {outcome.name}: {_limit(outcome)}, {_end(outcome)}.")


@click.command(cls=Command, examples=("gatekey limits disallow 192.0.2.0/24",))
@_whom
@administers()
def disallow(at: Invocation, **whom: Unpack[SubjectOptions]) -> None:
    """Take the exception of NETWORK, a client or an organisation back."""
    _check(whom)
    with at.opened() as installation:
        from gatekey.server.limits.rules import Subject

        if whom["client"] is not None and any(
            kept.rule.subject is Subject.CLIENT and kept.rule.name == whom["client"]
            for kept in installation.operating.limits.rules()
        ):
            subject, name = Subject.CLIENT, whom["client"]  # its id; the client itself may be deleted
        else:
            subject, name = _named(installation, whom)
        if not installation.operating.limits.disallow(subject, name, by=ACTOR):
            raise Refusal(f"There is no exception for {name}.", hint="See gatekey limits rules.")
    document = {"subject": subject.value, "name": name, "removed": True}
    at.answer(document, f"The exception for {name} is gone; the usual limit holds.")


@click.command(cls=Command, examples=("gatekey limits rules",))
@administers()
def rules(at: Invocation) -> None:
    """List the exceptions from the limit that hold now."""
    with at.opened() as installation:
        found = installation.operating.limits.rules()
    documents = [_document(kept.rule) | {"created": _utc(kept.created), "by": kept.by} for kept in found]
    at.answer(documents, lambda: _print(found))


def _print(found: "Sequence[KeptRule]") -> None:
    if not found:
        click.echo("There are no exceptions: the usual limit holds for everybody.")
        return
    rows = [
        (
            kept.rule.subject.value,
            kept.rule.name,
            _limit(kept.rule),
            _end(kept.rule),
            f"{wording.local(kept.created)} by {kept.by}",
            kept.rule.note,
        )
        for kept in found
    ]
    print_table(("FOR", Column("NAME", whole=True), "LIMIT", "HOLDS", "MADE", "NOTE"), rows)


def _limit(rule: "Rule") -> str:
    return "no limit" if rule.rate is None else f"{rule.rate:g} a second, {rule.burst} at once"


def _end(rule: "Rule") -> str:
    return "for ever" if rule.ends is None else f"until {wording.local(rule.ends)}"


def _document(rule: "Rule") -> dict[str, Any]:
    return {
        "subject": rule.subject.value,
        "name": rule.name,
        "rate": rule.rate,
        "burst": rule.burst,
        "ends": _utc(rule.ends),
        "note": rule.note,
    }


def _utc(seconds: float | None) -> str | None:
    from datetime import UTC, datetime

    return None if seconds is None else datetime.fromtimestamp(int(seconds), UTC).isoformat()
