"""`gatekey doctor`: why a credentials file does not work."""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from functools import partial

import click

from gatekey.cli.exits import Exit
from gatekey.cli.groups import Command
from gatekey.cli.output import print_json
from gatekey.client.cache.disk import DiskCache
from gatekey.client.config.reading import CredentialsFile, read_credentials
from gatekey.client.config.settings import (
    AUTHORITIES,
    CERTIFICATE,
    CERTIFICATE_KEY,
    CLIENT_ID,
    CLIENT_SECRET,
    TOKEN_URL,
    find,
)
from gatekey.client.doctor.examination import examine
from gatekey.client.doctor.file_checks import unreadable
from gatekey.client.doctor.model import Check, CheckOutcome, CheckResult, printable
from gatekey.client.doctor.probing import findings_of, perform
from gatekey.client.transport import UrllibTransport
from gatekey.errors import CacheError, ConfigurationError

MARKS = {CheckOutcome.FINE: "✔", CheckOutcome.WARNING: "!", CheckOutcome.WRONG: "✘", CheckOutcome.SKIPPED: "–"}  # noqa: RUF001 - a dash, meant
PLAIN_MARKS = {CheckOutcome.FINE: "+", CheckOutcome.WARNING: "!", CheckOutcome.WRONG: "x", CheckOutcome.SKIPPED: "-"}
"""For terminals that cannot show the others."""

COLOURS = {
    CheckOutcome.FINE: "green",
    CheckOutcome.WARNING: "yellow",
    CheckOutcome.WRONG: "red",
    CheckOutcome.SKIPPED: "bright_black",
}
WIDTH = max(len(check) for check in Check)


@click.command(
    cls=Command,
    short_help="Find out why a credentials file does not work.",
    examples=("gatekey doctor my-app.env", "gatekey doctor --env-file my-app.env --json"),
)
@click.argument("file", required=False)
@click.option("--env-file", metavar="FILE", help="The credentials file, as other commands call it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(file: str | None, env_file: str | None, *, as_json: bool) -> None:
    """
    Examine the credentials FILE end to end and name each mistake with its cure.

    Looks at the file, the way to the token endpoint, the clock and the token; then makes one call to each API and
    protocol of the client's scopes, through the gateway. Sends one token request for each API, changes nothing, and
    never prints a secret or token. Exits with 1 if something is wrong.
    """
    file = file or env_file
    if file is None or (env_file or file) != file:
        raise click.UsageError("Name one credentials file.")
    findings = _findings(file)
    if as_json:
        told = list(findings)
        outcomes = Counter(finding.outcome for finding in told)
        print_json({"file": file, "ok": not outcomes[CheckOutcome.WRONG], "findings": [asdict(one) for one in told]})
    else:
        outcomes = Counter(_print(findings))
        click.echo(_summary(outcomes))
    sys.exit(Exit.FAILED if outcomes[CheckOutcome.WRONG] else Exit.DONE)


def _findings(path: str) -> Iterator[CheckResult]:
    try:
        file = read_credentials(path)
    except ConfigurationError as error:
        yield printable(unreadable(error), ())
        return
    hidden = {file.place.values.get(name, "").strip() for name in CLIENT_SECRET.names}
    for finding in findings_of(examine(file), partial(perform, transport=_transport(file))):
        if (finding.check, finding.outcome) == (Check.TOKEN, CheckOutcome.FINE):
            _forget_refusals(file)
        yield printable(finding, hidden)


def _forget_refusals(file: CredentialsFile) -> None:
    """What the token endpoint refused before is over: no program of this user has to wait any longer."""
    meant = [found.value for wanted in (TOKEN_URL, CLIENT_ID) if (found := find(wanted, [file.place]))]
    with suppress(CacheError):
        DiskCache().forget(lambda record: record.refusal is not None and [record.token_url, record.client_id] == meant)


def _transport(file: CredentialsFile) -> UrllibTransport:
    """Return the transport with the certificates that the file names."""
    try:
        found = [find(wanted, [file.place]) for wanted in (AUTHORITIES, CERTIFICATE, CERTIFICATE_KEY)]
    except ConfigurationError:
        return UrllibTransport()  # two names, two values: the examination says so, and sends nothing
    authorities, certificate, key = (one.value if one else None for one in found)
    return UrllibTransport(authorities=authorities, certificate=certificate, key=key)


def _print(findings: Iterable[CheckResult]) -> Iterator[CheckOutcome]:
    """Print each finding as soon as it is made: a slow network shall not look like a hanging program."""
    marks = _marks()
    for finding in findings:
        mark = marks[finding.outcome]
        if not os.environ.get("NO_COLOR"):  # the convention of terminal programs
            mark = click.style(mark, fg=COLOURS[finding.outcome], bold=True)
        click.echo(f"{mark} {finding.check:<{WIDTH}}  {finding.found}")
        if finding.cure:
            click.echo(f"  {'':<{WIDTH}}  cure: {finding.cure}")
        yield finding.outcome


def _summary(outcomes: Counter[CheckOutcome]) -> str:
    wrong, warned = outcomes[CheckOutcome.WRONG], outcomes[CheckOutcome.WARNING]
    if not wrong:
        return "All is well." if not warned else f"It works; {warned} to look at."
    return f"{wrong} wrong" + (f", {warned} to look at." if warned else ".")


def _marks() -> dict[CheckOutcome, str]:
    try:
        "".join(MARKS.values()).encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return PLAIN_MARKS
    return MARKS
