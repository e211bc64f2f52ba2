"""Writing audit entries, in the transaction of the change they tell of."""

import json
from datetime import datetime

from sqlalchemy import Connection, insert

from gatekey.server.storage.sql import tables
from gatekey.server.storage.sql.times import to_seconds


def record(  # noqa: PLR0913, PLR0917 - read aloud the arguments are the entry: then, who, did, what
    connection: Connection, at: datetime, actor: str, action: str, subject: str, subject_id: str, **detail: str
) -> None:
    """Write one entry: who (`actor`) did what (`action`) to which `subject`. Never pass a secret."""
    connection.execute(
        insert(tables.audit).values(
            at=to_seconds(at),
            actor=actor,
            action=action,
            subject=subject,
            subject_id=subject_id,
            detail=json.dumps(detail, sort_keys=True),
        )
    )
