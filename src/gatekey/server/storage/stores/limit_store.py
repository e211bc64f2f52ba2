"""What people order of the limit, in SQL."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from gatekey.server.limits.orders import KeptRule, UnblockOrder
from gatekey.server.limits.rules import Rule, Subject
from gatekey.server.storage.sql import tables
from gatekey.server.storage.sql.database import Database
from gatekey.server.storage.sql.times import to_time
from gatekey.server.storage.stores.audit_log import record

_RULE, _ORDER, _REVISION = tables.limit_rule, tables.address_unblock, tables.revision
TOPIC = "limits"


@dataclass(frozen=True, slots=True)
class SqlLimitStore:
    """The `LimitStore` port over the database."""

    database: Database

    def rules(self) -> tuple[KeptRule, ...]:
        """Return every rule, also one that has ended, by subject and name."""
        with self.database.reading() as connection:
            rows = connection.execute(select(_RULE).order_by(_RULE.c.subject, _RULE.c.name))
            return tuple(
                KeptRule(
                    Rule(Subject(row.subject), row.name, row.rate, row.burst, row.ends, row.note),
                    row.created,
                    row.created_by,
                )
                for row in rows
            )

    def set_rule(self, kept: KeptRule) -> None:
        """Keep a rule in place of the one about the same, and forget those that have ended."""
        rule = kept.rule
        with self.database.writing() as connection:
            same = (_RULE.c.subject == rule.subject.value) & (_RULE.c.name == rule.name)
            connection.execute(delete(_RULE).where(same | (_RULE.c.ends <= kept.created)))
            connection.execute(
                insert(_RULE).values(
                    subject=rule.subject.value,
                    name=rule.name,
                    rate=rule.rate,
                    burst=rule.burst,
                    ends=rule.ends,
                    note=rule.note,
                    created=kept.created,
                    created_by=kept.by,
                )
            )
            detail = {
                "rate": "no limit" if rule.rate is None else f"{rule.rate:g}/s, burst {rule.burst}",
                "ends": "never" if rule.ends is None else to_time(rule.ends).isoformat(timespec="seconds"),
                "note": rule.note,
            }
            record(connection, to_time(kept.created), kept.by, "allowed", f"{rule.subject}", rule.name, **detail)
            _touch(connection)

    def remove_rule(self, subject: Subject, name: str, *, by: str, at: float) -> bool:
        """Forget a rule; False when there is none."""
        with self.database.writing() as connection:
            which = (_RULE.c.subject == subject.value) & (_RULE.c.name == name)
            gone = connection.execute(delete(_RULE).where(which)).rowcount
            if gone:
                record(connection, to_time(at), by, "disallowed", f"{subject}", name)
                _touch(connection)
            return bool(gone)

    def order_unblock(self, address: str, *, reason: str, by: str, at: float) -> None:
        """Have every worker forget an address."""
        with self.database.writing() as connection:
            connection.execute(insert(_ORDER).values(address=address, at=at, actor=by, reason=reason))
            record(connection, to_time(at), by, "unblocked", "address", address, reason=reason)
            _touch(connection)

    def revision(self) -> int:
        """Return a number that changes with every rule and every order."""
        with self.database.reading() as connection:
            query = select(_REVISION.c.number).where(_REVISION.c.topic == TOPIC)
            return int(connection.execute(query).scalar_one())

    def orders(self, after: int | None) -> tuple[UnblockOrder, ...]:
        """Return the orders with higher numbers, or, for None, those that nobody has carried out; in their order."""
        which = _ORDER.c.done.is_(None) if after is None else _ORDER.c.unblock_id > after
        with self.database.reading() as connection:
            rows = connection.execute(select(_ORDER).where(which).order_by(_ORDER.c.unblock_id))
            return tuple(UnblockOrder(row.unblock_id, row.address) for row in rows)

    def last_order(self) -> int:
        """Return the number of the newest order, 0 where there is none."""
        with self.database.reading() as connection:
            return int(connection.execute(select(func.max(_ORDER.c.unblock_id))).scalar() or 0)

    def note_done(self, order: UnblockOrder, *, at: float) -> None:
        """Note that a worker has carried an order out."""
        with self.database.writing() as connection:
            which = (_ORDER.c.unblock_id == order.number) & _ORDER.c.done.is_(None)
            connection.execute(update(_ORDER).where(which).values(done=at))


def _touch(connection: Connection) -> None:
    connection.execute(update(_REVISION).where(_REVISION.c.topic == TOPIC).values(number=_REVISION.c.number + 1))
