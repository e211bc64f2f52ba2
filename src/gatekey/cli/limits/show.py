"""`gatekey limits show`: why an address is limited, or how a client asks."""

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import click

from gatekey.cli.durations import duration
from gatekey.cli.groups import Command
from gatekey.cli.limits import wording
from gatekey.cli.opening import Invocation, Refusal, administers, find_client
from gatekey.cli.output import Column, print_item, print_table

if TYPE_CHECKING:
    from gatekey.server.run.installation import Installation
    from gatekey.server.traffic.explaining import (
        AddressExplained,
        Asker,
        BlockExplained,
        ClientExplained,
        Point,
        Tally,
    )
    from gatekey.server.traffic.findings import Finding

ADDRESS_MINUTES, CLIENT_MINUTES = 60, 1_440

MOST_ASKERS = 50
"""Lines; a program has a handful of names, and who has more than this makes them up."""


LIKE_AN_ADDRESS = re.compile(r"\d+(\.\d+){1,3}|.*[:/].*")
"""Numbers with dots, or what no client's name has: colons, slashes."""


@click.command(cls=Command, examples=("gatekey limits show 192.0.2.7", "gatekey limits show my-app --last 7d"))
@click.argument("address_or_client", metavar="ADDRESS|CLIENT")
@click.option(
    "--last",
    callback=duration,
    metavar="DURATION",
    help="How far back.  [default: 1h for an address, 24h for a client]",
)
@administers()
def show(at: Invocation, address_or_client: str, last: timedelta | None) -> None:
    """
    Explain an ADDRESS (who asked from there, what is wrong, why it was blocked) or a CLIENT (id or name, also of a
    deleted one). A few seconds behind.
    """
    minutes = wording.minutes_of(last) if last is not None else None
    with at.opened() as installation:
        from gatekey.server.traffic.documents import address_document, client_document

        explanations = installation.operating.explanations
        address = installation.operating.limits.key_of(address_or_client)
        if address is not None:
            of_address = explanations.address(address, minutes or ADDRESS_MINUTES)
            at.answer(address_document(of_address), lambda: _print_address(of_address))
        elif LIKE_AN_ADDRESS.fullmatch(address_or_client):
            raise Refusal(f"{address_or_client!r} is no IP address.", hint="Name one address, or a client.")
        else:
            client_id = _client_id(installation, address_or_client)
            of_client = explanations.client(client_id, minutes or CLIENT_MINUTES)
            at.answer(client_document(of_client), lambda: _print_client(of_client))


def _client_id(installation: "Installation", text: str) -> str:
    try:
        return find_client(installation, text).client.client_id
    except Refusal:
        # It may be deleted, or only ever have been claimed: whoever it is, it may have asked.
        history = installation.operating.explanations.history
        if history.names([text]) or history.of_client(text, 0):
            return text
        called = history.called(text)
        if len(called) > 1:
            hint = f"Use one of their client ids: {', '.join(called)}."
            raise Refusal(f"Several clients have or had the name {text!r}.", hint=hint) from None
        if not called:
            raise
        return called[0]


def _print_address(explained: "AddressExplained") -> None:
    until = explained.blocked_until
    ends = f" (until {wording.local_second(until)})" if until else ""
    click.secho(f"{explained.address}: {wording.state(explained, explained.now)}{ends}", bold=True)
    if not explained.tally.requests:
        click.echo("It did not ask in this time. Others did: gatekey limits list")
    _print_common(explained.tally, explained.points, explained.span, explained.minutes, explained.now)
    _print_findings(explained.findings)
    _print_askers(explained.askers, explained.now, "CLIENT")
    _print_blocks(explained.blocks)
    if until:
        click.echo(f"\nLift it: gatekey limits unblock {explained.address}")


def _print_client(explained: "ClientExplained") -> None:
    client = explained.client
    name = f"{client.name} ({client.client_id})" if client else explained.client_id
    deleted = f" {wording.local(client.deleted)}" if client and client.deleted else ""
    click.secho(f"{name}: {explained.standing.value}{deleted}", bold=True)
    _print_common(explained.tally, explained.points, explained.span, explained.minutes, explained.now)
    _print_findings(explained.findings)
    _print_askers(explained.askers, explained.now, "ADDRESS")


def _print_common(tally: "Tally", points: "Sequence[Point]", span: int, minutes: int, now: float) -> None:
    from gatekey.server.traffic.wording import lasting, many

    click.echo(f"Last {lasting(minutes * 60)}, until {wording.local(now)}: {wording.tallied(tally)}.")
    if tally.requests:
        highest = max(point.tally.requests for point in points)
        width = "minute" if span == 1 else lasting(span * 60)
        click.echo(f"|{wording.sparkline(points)}|\n At most {many(highest, 'request')} a {width}.")


def _print_findings(findings: "Iterable[Finding]") -> None:
    for number, finding in enumerate(findings, start=1):
        if number == 1:
            click.echo()
            click.secho("What is wrong", bold=True)
        print_item(finding.what, f"{number:>2}. ", "    ")
        print_item(finding.advice, "    → ", "      ")


def _print_askers(askers: "Sequence[Asker]", now: float, first: Literal["CLIENT", "ADDRESS"]) -> None:
    if not askers:
        return
    click.echo()
    click.secho("Who asked", bold=True)
    rows = [
        (
            *((wording.who(asker), asker.standing.value) if first == "CLIENT" else (asker.address,)),
            asker.user_agent or "(none)",
            f"{asker.tally.requests:,}",
            wording.outcomes(asker),
            wording.ago(asker.last, now),
        )
        for asker in askers[:MOST_ASKERS]
    ]
    columns = (Column(first, whole=True), *(("STANDING",) if first == "CLIENT" else ()))
    print_table((*columns, "USER AGENT", "REQUESTS", "OUTCOMES", "LAST SEEN"), rows)
    if len(askers) > MOST_ASKERS:
        click.echo(f"And {len(askers) - MOST_ASKERS:,} others with fewer requests: somebody makes names up.")


def _print_blocks(blocks: "Sequence[BlockExplained]") -> None:
    from gatekey.server.traffic.wording import lasting

    if not blocks:
        return
    click.echo()
    click.secho("Blocks", bold=True)
    rows = []
    for each in blocks:
        block, lifted = each.block, each.lifted
        causes = ", ".join(
            f"{wording.who(asker)} by {asker.user_agent or '(none)'}: {asker.tally.requests:,}"
            for asker in each.culprits
        )
        end = f"lifted {wording.local_second(lifted.at)} by {lifted.by}" if lifted else ""
        why = f": {lifted.reason}" if lifted and lifted.reason else ""
        watched = "" if block.enforced else "only watched; "
        rows.append((wording.local(block.began), lasting(block.ends - block.began), causes, watched + end + why))
    print_table(("BEGAN", "FOR", "WHO ASKED BEFORE", ""), rows)
