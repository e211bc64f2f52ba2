"""
What the operators of an installation work with: explanations of its limits, orders to them, and the key that proves
who is one.
"""

import time
from dataclasses import dataclass, field
from functools import partial
from typing import Self

from gatekey.server.limits.administration import LimitAdministration
from gatekey.server.limits.orders import read_key
from gatekey.server.settings import Settings
from gatekey.server.signing_keys.keys import encode_segment
from gatekey.server.storage.sql.database import Database
from gatekey.server.storage.stores.limit_store import SqlLimitStore
from gatekey.server.storage.traffic.request_history import SqlRequestHistory
from gatekey.server.traffic.explanations import Explanations
from gatekey.server.vault.master_key import MasterKey


@dataclass(frozen=True, slots=True)
class Operating:
    """Everything about the limits that a person or a program of the operator's may ask and order."""

    explanations: Explanations
    limits: LimitAdministration
    key: str = field(repr=False)

    @classmethod
    def of(cls, database: Database, master: MasterKey, settings: Settings) -> Self:
        """Plug the parts together."""
        key_of = partial(read_key, prefix=settings.limit_ipv6_prefix, nat64=settings.nat64_prefixes)
        return cls(
            Explanations(SqlRequestHistory(database, settings.token_lifetime), time.time),
            LimitAdministration(SqlLimitStore(database), time.time, key_of),
            encode_segment(master.derive("operators")),
        )
