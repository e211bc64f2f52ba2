"""Which limiter the settings ask for: the place where its parts are plugged together."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from gatekey.errors import ConfigurationError
from gatekey.server.events.ports import Observer
from gatekey.server.limits.fallback import AdmitAll, AdmitNone
from gatekey.server.limits.model import LimitPolicy
from gatekey.server.limits.ports import Limiter
from gatekey.server.limits.shared import SharedLimiter
from gatekey.server.settings import Settings
from gatekey.server.vault.master_key import MasterKey

if TYPE_CHECKING:
    from gatekey.server.storage.redis.link import Connection


def limit_policy(settings: Settings) -> LimitPolicy:
    """Return the limit of an address."""
    return LimitPolicy(
        rate=settings.limit_rate,
        burst=settings.limit_burst,
        block_after=settings.limit_block_after,
        block_window=settings.limit_block_window,
        block_for=settings.limit_block_for,
        block_at_most=settings.limit_block_at_most,
        block_forgiven=settings.limit_block_forgiven,
    )


def make_limiter(settings: Settings, master: MasterKey, observer: Observer, table: Path) -> Limiter:
    """
    Return the limiter of the processes that share the file `table`, or of the hosts that share a store.

    Any thread may tell `observer` of the store. Raises `ConfigurationError` as `check_limit_store` does.
    """
    # The only worker is the only process: the data folder is claimed.
    local = SharedLimiter.open(table, limit_policy(settings), time.monotonic_ns, alone=settings.workers == 1)
    connect = _connector(settings)
    return local if connect is None else _over_store(settings, connect, master, observer, local)


def _over_store(
    settings: Settings, connect: "Callable[[], Connection]", master: MasterKey, observer: Observer, local: Limiter
) -> Limiter:
    from gatekey.server.storage.redis.limiter import SCRIPT, RedisLimiter
    from gatekey.server.storage.redis.link import RedisLink

    link = RedisLink(connect, SCRIPT, observer)
    limiter = RedisLimiter(link, limit_policy(settings), master.derive("limit store"), _fallback(settings, local))
    limiter.start()
    return limiter


def check_limit_store(settings: Settings) -> None:
    """Raise `ConfigurationError` where the store that is set can never be used, whether it is up or not."""
    _connector(settings)


def _connector(settings: Settings) -> "Callable[[], Connection] | None":
    if settings.limit_store is None:
        return None
    try:
        from gatekey.server.storage.redis.link import connector
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "GATEKEY_LIMIT_STORE needs the library redis, which is not installed.",
            hint="Install gatekey[server,redis].",
        ) from error
    file = settings.limit_store_secret_file
    try:
        secret = None if file is None else file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The secret of the limit store cannot be read from {file}: {error}.") from error
    return connector(settings.limit_store.get_secret_value(), secret, settings.limit_store_timeout)


def _fallback(settings: Settings, local: Limiter) -> Limiter:
    match settings.limit_when_down:
        case "local":
            return local
        case "open":
            return AdmitAll()
        case "closed":
            return AdmitNone()
        case never:
            assert_never(never)
