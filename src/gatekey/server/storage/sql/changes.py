"""
The log of changes: by it every process learns what to read anew, and nothing else.

Each writer notes what it changed in its own transaction. A reader that knows everything up to one number asks for what
came after it; one for whom the log no longer reaches back far enough forgets all it remembered.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, delete, func, insert, select

from gatekey.server.storage.sql import tables

KEPT_CHANGES = 10_000
"""Rows; a reader looks several times a second, so it is behind by more only after a change of very many at once."""


MOST_AT_ONCE = 1_000
"""Changes in one call; reading them one by one would take readers longer than forgetting everything."""


class Topic(StrEnum):
    """What a change is about; the subject of each is an id."""

    CLIENT = "client"
    """A client, its secrets, its keys, or what of its tokens is revoked."""
    CLUSTER = "cluster"
    SIGNING_KEY = "signing key"
    REVOCATION = "revocation"
    """The subject is what `name_revocation` makes of kind and subject."""
    EVERYTHING = "everything"
    """The database is another one, as after a restore: whatever was remembered may be wrong."""


@dataclass(frozen=True, slots=True)
class LoggedChange:
    """One row of the log."""

    number: int
    topic: Topic
    subject: str


def note_changes(connection: Connection, topic: Topic, *subjects: str) -> None:
    """Say, inside the writing transaction, what changed, and drop what is too old."""
    if not subjects:
        return
    if len(subjects) > MOST_AT_ONCE:
        topic, subjects = Topic.EVERYTHING, ("",)
    log = tables.change_log
    connection.execute(insert(log), [{"topic": topic.value, "subject": subject} for subject in subjects])
    newest = select(func.max(log.c.number)).scalar_subquery()
    connection.execute(delete(log).where(log.c.number <= newest - KEPT_CHANGES))


def name_revocation(kind: str, subject: str) -> str:
    """Return the subject of a change of one revocation; kinds have no colon."""
    return f"{kind}:{subject}"


def last_number(connection: sqlite3.Connection) -> int:
    """Return the number of the newest change. Raises ValueError where there is none: that is no database of ours."""
    (number,) = connection.execute("SELECT max(number) FROM change_log").fetchone()
    if number is None:
        raise ValueError("the log of changes is empty")
    return int(number)


def changes_after(connection: sqlite3.Connection, number: int) -> tuple[LoggedChange, ...] | None:
    """Return the changes with higher numbers, oldest first; None when all that is remembered must be forgotten."""
    rows = connection.execute(
        "SELECT number, topic, subject FROM change_log WHERE number >= ? ORDER BY number", (number,)
    ).fetchall()
    # Without the last known row nobody can say that no other has been dropped, or that it is the same database.
    if not rows or rows[0][0] != number or any(topic == Topic.EVERYTHING for _, topic, _ in rows[1:]):
        return None
    return tuple(LoggedChange(number, Topic(topic), subject) for number, topic, subject in rows[1:])


def last_of_topics(connection: sqlite3.Connection) -> Mapping[Topic, int]:
    """
    Return the number of the newest change of each topic.

    For a topic that the log no longer tells of, that is the oldest number in it: never lower than what it was.
    """
    (oldest,) = connection.execute("SELECT min(number) FROM change_log").fetchone()
    found = dict.fromkeys(Topic, int(oldest))
    rows = connection.execute("SELECT topic, max(number) FROM change_log GROUP BY topic")
    found |= {Topic(topic): number for topic, number in rows}
    everything = found[Topic.EVERYTHING]
    return {topic: max(number, everything) for topic, number in found.items()}
