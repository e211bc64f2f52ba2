"""
Requests by minute, blocks, and the names of clients, in SQL: what explanations are made of.

The table is one B-tree in the order of its key, minute first: reading the last hour touches the last hour only, and
what is too old goes from the front.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, case, delete, func, select
from sqlalchemy.dialects.sqlite import insert as upsert

from gatekey.server.events.model import Outcome, Verdict
from gatekey.server.storage.sql import tables
from gatekey.server.storage.sql.database import Database
from gatekey.server.traffic import counting
from gatekey.server.traffic.history import NOBODY, OTHERS, Block, Counted, NamedClient, Trace, Unblocked, Worst

_MINUTE, _BLOCK, _UNBLOCK = tables.request_minute, tables.address_block, tables.address_unblock
_CLIENT, _CLUSTER, _AUDIT = tables.client, tables.cluster, tables.audit
_LAST_CHANGE = (
    select(_AUDIT.c.subject_id, func.max(_AUDIT.c.at).label("at"))
    .where(_AUDIT.c.subject == "client", _AUDIT.c.action == "changed")
    .group_by(_AUDIT.c.subject_id)
)
_SUM = func.sum(_MINUTE.c.count).label("total")

BATCH = 1_000
"""Rows in one transaction; a few dozen milliseconds in which other writers wait."""

MOST_ROWS = 300_000
"""Some 50 MB. An ordinary day of fifty programs has a few thousand; only a flood of made-up names comes near."""

MOST_READ = 20_000
"""Rows read one by one: a tenth of a second. An address that makes names up may have left more in a day."""

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
        Add counts to what is there, whoever counted it. Raises
        `StorageUnavailable`: then nothing of it was added.
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
        """Note blocks; one that another worker has noted already only begins earlier."""
        with self.database.writing() as connection:
            for block in blocks:
                _add_block(connection, block)

    def prune(self, before: int, most: int = MOST_ROWS) -> None:
        """
        Drop minutes from before the minute `before`, and the oldest ones beyond
        `most` rows; in small transactions.
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
        """Return what came from an address from the minute `since` on. What is too much is told as `OTHERS`."""
        return self._counted(_MINUTE.c.minute >= since, _MINUTE.c.address == address)

    def of_client(self, client_id: str, since: int) -> tuple[Counted, ...]:
        """Return what named a client from the minute `since` on. What is too much is told as `OTHERS`."""
        return self._counted(_MINUTE.c.minute >= since, _MINUTE.c.client_id == client_id)

    def over_time(self, since: int, span: int) -> tuple[Counted, ...]:
        """Return everything from the minute `since` on by outcome and verdict, for every `span` minutes."""
        start = (_MINUTE.c.minute - _MINUTE.c.minute % span).label("start")
        groups = (start, _MINUTE.c.outcome, _MINUTE.c.verdict)
        query = select(*groups, _SUM).where(_MINUTE.c.minute >= since).group_by(*groups)
        with self.database.reading() as connection:
            return tuple(
                _counted(row.start, "", "", "", "", row.outcome, row.verdict, "", row.total)
                for row in connection.execute(query)
            )

    def worst(self, since: int, most: int, always: Collection[str]) -> Worst:
        """
        Return the `most` addresses with most refusals from the minute `since`
        on, and those of `always` that asked.
        """
        recent = _MINUTE.c.minute >= since
        named = func.nullif(_MINUTE.c.client_id, NOBODY)
        refused = func.sum(case((_MINUTE.c.outcome == Outcome.GRANTED.value, 0), else_=_MINUTE.c.count))
        ranked = (
            select(_MINUTE.c.address, func.count(named.distinct()).label("clients"))
            .where(recent)
            .group_by(_MINUTE.c.address)
            .order_by(refused.desc(), _SUM.desc(), _MINUTE.c.address)
        )
        groups = (_MINUTE.c.address, _MINUTE.c.outcome, _MINUTE.c.verdict)
        sums = select(*groups, func.max(_MINUTE.c.minute).label("last"), _SUM).where(recent).group_by(*groups)
        with self.database.reading() as connection:
            addresses = connection.execute(select(func.count(_MINUTE.c.address.distinct())).where(recent)).scalar_one()
            clients = {row.address: row.clients for row in connection.execute(ranked.limit(most))}
            missing = sorted(set(always) - set(clients))
            for some in batches(missing, PARAMETERS):
                clients |= {r.address: r.clients for r in connection.execute(ranked.where(_MINUTE.c.address.in_(some)))}
            counted = tuple(
                _counted(row.last, row.address, "", "", "", row.outcome, row.verdict, "", row.total)
                for some in batches(sorted(clients), PARAMETERS)
                for row in connection.execute(sums.where(_MINUTE.c.address.in_(some)))
            )
        return Worst(counted, clients, addresses)

    def blocks(self, since: float, address: str | None = None) -> tuple[Block, ...]:
        """
        Return the blocks that ended or end after `since` (seconds since 1970),
        of one address or all, oldest first.
        """
        query = select(_BLOCK).where(_BLOCK.c.ends > since).order_by(_BLOCK.c.began)
        if address is not None:
            query = query.where(_BLOCK.c.address == address)
        with self.database.reading() as connection:
            return tuple(
                Block(row.address, row.began, row.ends, bool(row.enforced)) for row in connection.execute(query)
            )

    def unblocked(self, since: float, address: str | None = None) -> tuple[Unblocked, ...]:
        """Return who unblocked what after `since` (seconds since 1970), of one address or all, oldest first."""
        query = select(_UNBLOCK).where(_UNBLOCK.c.at > since).order_by(_UNBLOCK.c.at)
        if address is not None:
            query = query.where(_UNBLOCK.c.address == address)
        with self.database.reading() as connection:
            return tuple(Unblocked(row.address, row.at, row.actor, row.reason) for row in connection.execute(query))

    def called(self, name: str) -> tuple[str, ...]:
        """
        Return the ids of the clients that have or had this name, the newest first; a name comes back with a new
        client.
        """
        query = select(_CLIENT.c.client_id).where(_CLIENT.c.name == name).order_by(_CLIENT.c.created.desc())
        with self.database.reading() as connection:
            return tuple(connection.execute(query).scalars())

    def names(self, client_ids: Iterable[str]) -> Mapping[str, NamedClient]:
        """Return those of the clients that are or were here, by id."""
        found: dict[str, NamedClient] = {}
        query = select(_CLIENT, _CLUSTER.c.name.label("cluster")).join(
            _CLUSTER, _CLUSTER.c.cluster_id == _CLIENT.c.cluster_id
        )
        with self.database.reading() as connection:
            for some in batches(sorted(set(client_ids)), PARAMETERS):
                changes = connection.execute(_LAST_CHANGE.where(_AUDIT.c.subject_id.in_(some)))
                changed = {row.subject_id: row.at for row in changes}
                for row in connection.execute(query.where(_CLIENT.c.client_id.in_(some))):
                    found[row.client_id] = self._named(row, changed.get(row.client_id))
        return found

    def _named(self, row: Row[Any], changed: float | None) -> NamedClient:
        lifetime = row.lifetime or self.lifetime
        return NamedClient(row.client_id, row.name, row.cluster_id, row.cluster, lifetime, row.deleted, changed)

    def _counted(self, *which: ColumnElement[bool]) -> tuple[Counted, ...]:
        query = select(_MINUTE).where(*which).order_by(_MINUTE.c.count.desc()).limit(MOST_READ)
        groups = [_MINUTE.c[name] for name in ("minute", "address", "endpoint", "outcome", "verdict")]
        with self.database.reading() as connection:
            read = [_counted(*row) for row in connection.execute(query)]
            if len(read) < MOST_READ:
                return tuple(read)
            whole = connection.execute(select(*groups, _SUM).where(*which).group_by(*groups)).all()
        return (*read, *_rest(whole, read))


def _rest(whole: Iterable[Any], read: Iterable[Counted]) -> Iterable[Counted]:
    """Return what is in the sums and was not read, without the details that would be too many."""
    rest: defaultdict[tuple[int, str, str, str, str], int] = defaultdict(int)
    for row in whole:
        rest[row.minute, row.address, row.endpoint, row.outcome, row.verdict] += row.total
    for trace, number in read:
        rest[trace.minute, trace.address, trace.endpoint, trace.outcome.value, trace.verdict.value] -= number
    for (minute, address, endpoint, outcome, verdict), number in rest.items():
        if number:
            yield _counted(minute, address, OTHERS, OTHERS, endpoint, outcome, verdict, "", number)


Thing = TypeVar("Thing")


def batches(things: Sequence[Thing], size: int) -> Iterable[Sequence[Thing]]:
    """Return the things in their order, `size` at a time."""
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
    """Return ranges of minutes, oldest first, with about `BATCH` rows each."""
    first, gathered = None, 0
    oldest_first = sorted(doomed)
    for minute, rows in oldest_first:
        first = minute if first is None else first
        gathered += rows
        if gathered >= BATCH or minute == oldest_first[-1][0]:
            yield first, minute
            first, gathered = None, 0
