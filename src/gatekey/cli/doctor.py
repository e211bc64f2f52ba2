"""`gatekey doctor`: why a credentials file does not work."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import partial

import click

from gatekey.cli.exits import Exit
from gatekey.cli.output import print_json
from gatekey.client.config.reading import CredentialsFile, read_credentials
from gatekey.client.config.settings import AUTHORITIES, CERTIFICATE, CERTIFICATE_KEY, CLIENT_SECRET, find
from gatekey.client.doctor.examination import examine
from gatekey.client.doctor.file_checks import unreadable
from gatekey.client.doctor.model import Check, Finding, Outcome, printable
from gatekey.client.doctor.probing import findings_of, perform
from gatekey.client.transport import UrllibTransport
from gatekey.errors import ConfigurationError

MARKS = {Outcome.FINE: "✔", Outcome.WARNING: "!", Outcome.WRONG: "✘", Outcome.SKIPPED: "–"}  # noqa: RUF001 - a dash, meant
PLAIN_MARKS = {Outcome.FINE: "+", Outcome.WARNING: "!", Outcome.WRONG: "x", Outcome.SKIPPED: "-"}
"""For terminals that cannot show the others."""

COLOURS = {Outcome.FINE: "green", Outcome.WARNING: "yellow", Outcome.WRONG: "red", Outcome.SKIPPED: "bright_black"}
WIDTH = max(len(check) for check in Check)


@click.command(short_help="Find out why a credentials file does not work.")
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(file: str, *, as_json: bool) -> None:
    """
    Examine the credentials FILE end to end and name each mistake with its cure.

    Looks at the file, the way to the token endpoint, the clock, the token, and the APIs. Sends one token request (two
    for a client with the Secrets scope), changes nothing, and never prints a secret or token. Exits with 1 if something
    is wrong.
    """
    findings = _findings(file)
    if as_json:
        told = list(findings)
        outcomes = Counter(finding.outcome for finding in told)
        print_json({"file": file, "ok": not outcomes[Outcome.WRONG], "findings": [asdict(one) for one in told]})
    else:
        outcomes = Counter(_print(findings))
        click.echo(_summary(outcomes))
    sys.exit(Exit.FAILED if outcomes[Outcome.WRONG] else Exit.DONE)


def _findings(path: str) -> Iterator[Finding]:
    try:
        file = read_credentials(path)
    except ConfigurationError as error:
        yield printable(unreadable(error), ())
        return
    hidden = {file.place.values.get(name, "").strip() for name in CLIENT_SECRET.names}
    for finding in findings_of(examine(file), partial(perform, transport=_transport(file))):
        yield printable(finding, hidden)


def _transport(file: CredentialsFile) -> UrllibTransport:
    """Return the transport with the certificates that the file names."""
    try:
        found = [find(wanted, [file.place]) for wanted in (AUTHORITIES, CERTIFICATE, CERTIFICATE_KEY)]
    except ConfigurationError:
        return UrllibTransport()  # two names, two values: the examination says so, and sends nothing
    authorities, certificate, key = (one.value if one else None for one in found)
    return UrllibTransport(authorities=authorities, certificate=certificate, key=key)


def _print(findings: Iterable[Finding]) -> Iterator[Outcome]:
    """Print each finding as soon as it is made: a slow network shall not look like a hanging program."""
    marks = _marks()
    for finding in findings:
        mark = click.style(marks[finding.outcome], fg=COLOURS[finding.outcome], bold=True)
        click.echo(f"{mark} {finding.check:<{WIDTH}}  {finding.found}")
        if finding.cure:
            click.echo(f"  {'':<{WIDTH}}  cure: {finding.cure}")
        yield finding.outcome


def _summary(outcomes: Counter[Outcome]) -> str:
    wrong, warned = outcomes[Outcome.WRONG], outcomes[Outcome.WARNING]
    if not wrong:
        return "All is well." if not warned else f"It works; {warned} to look at."
    return f"{wrong} wrong" + (f", {warned} to look at." if warned else ".")


def _marks() -> dict[Outcome, str]:
    try:
        "".join(MARKS.values()).encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return PLAIN_MARKS
    return MARKS
