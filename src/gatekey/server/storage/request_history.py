"""
Requests by minute, blocks, and the names of clients, in SQL: what explanations are made of.

The table is one B-tree in the order of its key, minute first: reading the last hour touches the last hour only, and
what is too old goes from the front.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, delete, func, select
from sqlalchemy.dialects.sqlite import insert as upsert

from gatekey.server.auditing import counting
from gatekey.server.auditing.history import Block, Counted, NamedClient, Trace, Unblocked
from gatekey.server.auditing.model import Outcome, Verdict
from gatekey.server.storage import tables
from gatekey.server.storage.database import Database

_MINUTE, _BLOCK, _UNBLOCK = tables.request_minute, tables.address_block, tables.address_unblock
_CLIENT, _CLUSTER = tables.client, tables.cluster

BATCH = 1_000
"""Rows in one transaction; a few dozen milliseconds in which other writers wait."""

MOST_ROWS = 300_000
"""Some 50 MB. An ordinary day of fifty programs has a few thousand; only a flood of made-up names comes near."""

PARAMETERS = 500
"""In one statement; SQLite before 3.32 takes 999."""

SAME_BLOCK_SECONDS = 1.5
"""Workers learn when a block ends in whole seconds, rounded up, each at another moment."""


@dataclass(frozen=True, slots=True)
class SqlRequestHistory:
    """
    The `RequestHistory` port over the database; `lifetime` is how many seconds tokens live unless a client's live
    otherwise.
    """

    database: Database
    lifetime: int

    def add(self, counts: Mapping[counting.Row, int]) -> None:
        """
        Add counts to what is there, whoever counted it. Raises `StorageUnavailable`: then nothing of it was added.
        """
        adding = upsert(_MINUTE)
        adding = adding.on_conflict_do_update(
            index_elements=[column.name for column in _MINUTE.primary_key],
            set_={"count": _MINUTE.c.count + adding.excluded.count},
        )
        rows = [{**row._asdict(), "count": number} for row, number in counts.items()]
        with self.database.writing() as connection:
            connection.execute(adding, rows)

    def add_blocks(self, blocks: Iterable[Block]) -> None:
        """
        Note blocks; one that another worker has noted already only begins earlier.
        """
        with self.database.writing() as connection:
            for block in blocks:
                _add_block(connection, block)

    def prune(self, before: int, most: int = MOST_ROWS) -> None:
        """
        Drop minutes from before the minute `before`, and the oldest ones beyond `most` rows; in small transactions.
        """
        counted = select(_MINUTE.c.minute, func.count().label("rows")).group_by(_MINUTE.c.minute)
        with self.database.reading() as connection:
            newest_first = connection.execute(counted.order_by(_MINUTE.c.minute.desc())).all()
        kept, doomed = 0, []
        for minute, rows in newest_first:
            kept += rows
            if minute < before or kept > most:
                doomed.append((minute, rows))
        for first, last in _ranges(doomed):
            with self.database.writing() as connection:
                connection.execute(delete(_MINUTE).where(_MINUTE.c.minute.between(first, last)))
        self._prune_blocks(before * 60.0)

    def _prune_blocks(self, before: float) -> None:
        old_block, old_order = _BLOCK.c.ends < before, _UNBLOCK.c.at < before
        with self.database.reading() as connection:
            if not any(connection.execute(select(1).where(old)).first() for old in (old_block, old_order)):
                return
        with self.database.writing() as connection:
            connection.execute(delete(_BLOCK).where(old_block))
            connection.execute(delete(_UNBLOCK).where(old_order))

    def of_address(self, address: str, since: int) -> tuple[Counted, ...]:
        """
        Return what came from an address from the minute `since` on, oldest first.
        """
        return self._counted(_MINUTE.c.minute >= since, _MINUTE.c.address == address)

    def of_client(self, client_id: str, since: int) -> tuple[Counted, ...]:
        """
        Return what named a client from the minute `since` on, oldest first.
        """
        return self._counted(_MINUTE.c.minute >= since, _MINUTE.c.client_id == client_id)

    def of_all(self, since: int) -> tuple[Counted, ...]:
        """
        Return everything from the minute `since` on, without user agents and credentials.
        """
        kept = [_MINUTE.c[name] for name in ("minute", "address", "client_id", "endpoint", "outcome", "verdict")]
        query = select(*kept, func.sum(_MINUTE.c.count).label("total")).where(_MINUTE.c.minute >= since).group_by(*kept)
        with self.database.reading() as connection:
            return tuple(
                (
                    Trace(r.minute, r.address, r.client_id, "", r.endpoint, Outcome(r.outcome), Verdict(r.verdict)),
                    r.total,
                )
                for r in connection.execute(query)
            )

    def blocks(self, since: float, address: str | None = None) -> tuple[Block, ...]:
        """
        Return the blocks that ended or end after `since` (seconds since 1970), of one address or all, oldest first.
        """
        query = select(_BLOCK).where(_BLOCK.c.ends > since).order_by(_BLOCK.c.began)
        if address is not None:
            query = query.where(_BLOCK.c.address == address)
        with self.database.reading() as connection:
            return tuple(
                Block(row.address, row.began, row.ends, bool(row.enforced)) for row in connection.execute(query)
            )

    def unblocked(self, since: float, address: str | None = None) -> tuple[Unblocked, ...]:
        """
        Return who unblocked what after `since` (seconds since 1970), of one address or all, oldest first.
        """
        query = select(_UNBLOCK).where(_UNBLOCK.c.at > since).order_by(_UNBLOCK.c.at)
        if address is not None:
            query = query.where(_UNBLOCK.c.address == address)
        with self.database.reading() as connection:
            return tuple(Unblocked(row.address, row.at, row.actor, row.reason) for row in connection.execute(query))

    def called(self, name: str) -> tuple[str, ...]:
        """
        Return the ids of the clients that have or had this name, the newest first; a name comes back with a new client.
        """
        query = select(_CLIENT.c.client_id).where(_CLIENT.c.name == name).order_by(_CLIENT.c.created.desc())
        with self.database.reading() as connection:
            return tuple(connection.execute(query).scalars())

    def names(self, client_ids: Iterable[str]) -> Mapping[str, NamedClient]:
        """
        Return those of the clients that are or were here, by id.
        """
        found: dict[str, NamedClient] = {}
        query = select(_CLIENT, _CLUSTER.c.name.label("cluster")).join(
            _CLUSTER, _CLUSTER.c.cluster_id == _CLIENT.c.cluster_id
        )
        with self.database.reading() as connection:
            for some in batches(sorted(set(client_ids)), PARAMETERS):
                for row in connection.execute(query.where(_CLIENT.c.client_id.in_(some))):
                    found[row.client_id] = self._named(row)
        return found

    def _named(self, row: Row[Any]) -> NamedClient:
        lifetime = row.lifetime or self.lifetime
        return NamedClient(row.client_id, row.name, row.cluster_id, row.cluster, lifetime, row.deleted)

    def _counted(self, *which: ColumnElement[bool]) -> tuple[Counted, ...]:
        query = select(_MINUTE).where(*which).order_by(_MINUTE.c.minute)
        with self.database.reading() as connection:
            return tuple(_counted(*row) for row in connection.execute(query))


Thing = TypeVar("Thing")


def batches(things: Sequence[Thing], size: int) -> Iterable[Sequence[Thing]]:
    """
    Return the things in their order, `size` at a time.
    """
    return (things[start : start + size] for start in range(0, len(things), size))


def _counted(  # noqa: PLR0913, PLR0917 - the columns of a row
    minute: int,
    address: str,
    client_id: str,
    user_agent: str,
    endpoint: str,
    outcome: str,
    verdict: str,
    credential_id: str,
    number: int,
) -> Counted:
    trace = Trace(minute, address, client_id, user_agent, endpoint, Outcome(outcome), Verdict(verdict), credential_id)
    return trace, number


def _add_block(connection: Connection, block: Block) -> None:
    same = (_BLOCK.c.address == block.address) & _BLOCK.c.ends.between(
        block.ends - SAME_BLOCK_SECONDS, block.ends + SAME_BLOCK_SECONDS
    )
    known = connection.execute(select(_BLOCK).where(same)).first()
    began, ends = block.began, block.ends
    if known is not None:
        began, ends = min(began, known.began), min(ends, known.ends)
        connection.execute(delete(_BLOCK).where(same))
    adding = upsert(_BLOCK).values(address=block.address, began=began, ends=ends, enforced=int(block.enforced))
    connection.execute(adding.on_conflict_do_nothing())


def _ranges(doomed: Sequence[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    """
    Return ranges of minutes, oldest first, with about `BATCH` rows each.
    """
    first, gathered = None, 0
    oldest_first = sorted(doomed)
    for minute, rows in oldest_first:
        first = minute if first is None else first
        gathered += rows
        if gathered >= BATCH or minute == oldest_first[-1][0]:
            yield first, minute
            first, gathered = None, 0
