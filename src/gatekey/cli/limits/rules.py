"""`gatekey limits allow`, `disallow` and `rules`: exceptions from the limit."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gatekey.cli.durations import duration
from gatekey.cli.limits import wording
from gatekey.cli.opening import ACTOR, Command, Refusal, data_options, find_client, opened
from gatekey.cli.output import print_json, print_table

if TYPE_CHECKING:
    from gatekey.server.limits.rules import Rule, Subject
    from gatekey.server.run.installation import Installation


@dataclass(frozen=True, slots=True)
class Whom:
    """Whom an exception is about, as it was typed: exactly one is not None."""

    network: str | None
    client: str | None
    organisation: str | None

    def named(self, installation: "Installation") -> "tuple[Subject, str]":
        """Return subject and name. Raises `Refusal` for a client that there is not."""
        from gatekey.server.limits.rules import Subject

        if self.client is not None:
            return Subject.CLIENT, find_client(installation, self.client).client.client_id
        if self.organisation is not None:
            return Subject.ORGANISATION, self.organisation
        return Subject.ADDRESS, self.network or ""


def _whom(command: Command) -> Command:
    command = click.option("--organisation", metavar="ID", help="An organisation, instead of a network.")(command)
    command = click.option("--client", help="A client (id or name), instead of a network.")(command)
    return click.argument("network", required=False)(command)


def _chosen(network: str | None, client: str | None, organisation: str | None) -> Whom:
    if sum(each is not None for each in (network, client, organisation)) != 1:
        raise click.UsageError("Name a network, or a client with --client, or an organisation with --organisation.")
    return Whom(network, client, organisation)


@click.command()
@_whom
@click.option("--for", "lasting", callback=duration, metavar="DURATION", help="How long: 1h, 7d.  [default: for ever]")
@click.option("--rate", type=float, help="Requests per second; without it there is no limit at all.")
@click.option("--burst", type=int, help="Requests at once after a rest; goes with --rate.")
@click.option("--note", default="", help="Why, one line.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def allow(  # noqa: PLR0913, PLR0917 - one parameter an option
    config: Path | None,
    data: Path | None,
    network: str | None,
    client: str | None,
    organisation: str | None,
    lasting: timedelta | None,
    rate: float | None,
    burst: int | None,
    note: str,
    *,
    as_json: bool,
) -> None:
    """
    Let NETWORK (192.0.2.7, 192.0.2.0/24), a client or an organisation ask more often, or without limit.

    A network's exception holds before a request is read; a client's and an organisation's where limits are fair.
    """
    whom = _chosen(network, client, organisation)
    with opened(config, data) as installation:
        from gatekey.server.limits.orders import Refused

        subject, name = whom.named(installation)
        seconds = None if lasting is None else lasting.total_seconds()
        outcome = installation.operating.limits.allow(
            subject, name, by=ACTOR, rate=rate, burst=burst, lasting=seconds, note=note
        )
    if isinstance(outcome, Refused):
        raise Refusal(outcome.public)
    if as_json:
        print_json(_document(outcome))
    else:
        click.echo(f"Allowed {outcome.name}: {_limit(outcome)}, {_end(outcome)}.")


@click.command()
@_whom
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def disallow(  # noqa: PLR0913 - one parameter an option
    config: Path | None,
    data: Path | None,
    network: str | None,
    client: str | None,
    organisation: str | None,
    *,
    as_json: bool,
) -> None:
    """Take the exception of NETWORK, a client or an organisation back."""
    whom = _chosen(network, client, organisation)
    with opened(config, data) as installation:
        from gatekey.server.limits.rules import Subject

        if whom.client is not None and any(
            kept.rule.subject is Subject.CLIENT and kept.rule.name == whom.client
            for kept in installation.operating.limits.rules()
        ):
            subject, name = Subject.CLIENT, whom.client  # its id; the client itself may be deleted
        else:
            subject, name = whom.named(installation)
        if not installation.operating.limits.disallow(subject, name, by=ACTOR):
            raise Refusal(f"There is no exception for {name}.", hint="See gatekey limits rules.")
    if as_json:
        print_json({"subject": subject.value, "name": name, "removed": True})
    else:
        click.echo(f"The exception for {name} is gone; the usual limit holds.")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def rules(config: Path | None, data: Path | None, *, as_json: bool) -> None:
    """List the exceptions from the limit that hold now."""
    with opened(config, data) as installation:
        found = installation.operating.limits.rules()
    if as_json:
        print_json([_document(kept.rule) | {"created": _utc(kept.created), "by": kept.by} for kept in found])
        return
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
    print_table(("FOR", "NAME", "LIMIT", "HOLDS", "MADE", "NOTE"), rows)


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
