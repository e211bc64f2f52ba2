"""`gatekey audit list`."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from gatekey.cli.groups import Command
from gatekey.cli.opening import Invocation, administers
from gatekey.cli.output import Column, print_table

if TYPE_CHECKING:
    from gatekey.server.audit.model import AuditEntry


@click.command("list", cls=Command, examples=("gatekey audit list", "gatekey audit list --about CLIENT_ID --json"))
@click.option("--by", "actor", help="Only what this actor did: an e-mail address, 'user NAME' or 'client ID'.")
@click.option("--about", "subject_id", metavar="ID", help="Only what was done to this client, cluster, secret or key.")
@click.option("--since", type=click.DateTime(), help="Only from this time (UTC) on.")
@click.option("--most", type=click.IntRange(min=1), default=100, show_default=True, help="The newest so many entries.")
@administers()
def list_(at: Invocation, actor: str | None, subject_id: str | None, since: datetime | None, most: int) -> None:
    """List what was changed, newest first."""
    with at.opened() as installation:
        from gatekey.server.audit.model import AuditQuery

        moment = None if since is None else since.replace(tzinfo=UTC)
        found = installation.audit.page(AuditQuery(actor, subject_id, moment, limit=most))
    rows = [
        (
            f"{entry.at:%Y-%m-%d %H:%M:%S}",
            entry.actor,
            f"{entry.action} {entry.subject}",
            entry.subject_id,
            ", ".join(f"{name}={value}" for name, value in entry.detail.items()),
        )
        for entry in found
    ]
    columns = ("AT (UTC)", "ACTOR", "DID", Column("ID", whole=True), "DETAIL")
    at.answer([_document(entry) for entry in found], lambda: print_table(columns, rows))


def _document(entry: "AuditEntry") -> dict[str, object]:
    return {
        "number": entry.number,
        "at": entry.at.isoformat(timespec="milliseconds"),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "subjectId": entry.subject_id,
        "detail": dict(entry.detail),
    }
