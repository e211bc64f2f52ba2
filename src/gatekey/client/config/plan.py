"""What a token source was told, put together once; sources for threads and for event loops carry the same plan."""

import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict, TypeGuard

from gatekey.client.acquire import Asking
from gatekey.client.cache.ports import Cache, CacheKey
from gatekey.client.config.authentication import Authentication, SecretInBody, token_request
from gatekey.client.config.settings import ClientSettings, SettingsPlace, place_of, resolve
from gatekey.client.events import Listener
from gatekey.client.http import HttpRequest, HttpResponse
from gatekey.client.policy import Backoff, TokenDemand
from gatekey.client.token import Token
from gatekey.errors import CacheError, ConfigurationError, TokenError
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.vocabulary import Scope

if TYPE_CHECKING:
    from pathlib import Path

Transport: TypeAlias = Callable[[HttpRequest], HttpResponse]
"""Sends one request, follows no redirect, returns the response of any status, raises only `TransportError`."""

AsyncTransport: TypeAlias = Callable[[HttpRequest], Awaitable[HttpResponse]]
"""The same, awaited."""

CacheChoice: TypeAlias = Cache | Literal["disk", "memory"]

IN_BODY = SecretInBody()


class Options(TypedDict, total=False):
    """What a user may tell a source, all by name."""

    scope: Scope | str
    """The API the token is for: Zeebe (if not said), Tasklist, Operate, Optimize or Secrets."""
    audience: str | None
    """The audience the token is for, instead of a scope."""
    settings: ClientSettings
    """All that is to be asked with, instead of arguments, file and environment."""
    token_url: str
    client_id: str
    client_secret: str | SecretText
    token_scope: str
    """The `scope` of RFC 6749 section 3.3, for servers that want one."""
    environment: Mapping[str, str]
    """Read instead of the process's environment."""
    authentication: Authentication
    """How the client proves who it is; if not said, by its secret in the body."""
    cache: CacheChoice
    """`"disk"` (if not said): shared by all processes of this user; `"memory"`: by nobody; or a cache to share."""
    transport: Transport | AsyncTransport
    """Sends token requests; if not said, the standard library does, by the proxies of the environment."""
    patience: float
    """Seconds to wait at most for a token endpoint that limits or is in trouble; 0 asks once. If not said, 30."""
    background: bool
    """Whether tokens are renewed early beside the calls (if not said), or by the call that finds one due for it."""
    max_age: float | None
    """Seconds after which a token is not given out without asking for another, while that may be asked for."""
    listener: Listener
    """Told of every request, grant, failure and pause."""
    clock: Callable[[], float]
    """Returns Unix seconds."""
    sleep: Callable[[float], Any]
    """Lets seconds pass; awaited by an asynchronous source."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a source asks with, where it keeps the answer, and how long it is patient (seconds)."""

    file: str | None
    places: tuple[SettingsPlace, ...]
    options: Options = field(repr=False)
    settings: ClientSettings
    authentication: Authentication
    cache: Cache
    transport: Transport | AsyncTransport
    background: bool
    listener: Listener | None
    clock: Callable[[], float]
    sleep: Callable[[float], Any] | None

    @property
    def key(self) -> CacheKey:
        """What makes this credential what it is."""
        settings = self.settings
        fingerprint = self.authentication.fingerprint(settings)
        return CacheKey(settings.token_url, settings.client_id, settings.audience, settings.token_scope, fingerprint)

    @property
    def asking(self) -> Asking:
        """What the flows need."""
        request = partial(token_request, self.settings, authentication=self.authentication)
        return Asking(self.settings, request, chance)

    def demand(self, instead_of: Token | None = None, *, fresh: bool = False) -> TokenDemand:
        """Return what a caller asks for."""
        refused = instead_of.access_token if instead_of else None
        patience = self.options.get("patience", PATIENCE)
        return TokenDemand(patience, refused, fresh, self.options.get("max_age"), self.settings.changed_at)

    def error(self, backoff: Backoff) -> TokenError:
        """Return the exception that says what stands in the way, where its settings came from, and what to do."""
        failure = backoff.failure
        if not failure.kind.passing:
            failure = failure.pointing_at(self.settings.whereabouts())
        return failure.error_at(self.clock(), backoff.until, backoff.count)

    def for_scope(self, scope: Scope | str, audience: str | None = None) -> "Plan":
        """Return the plan for another API's token, by the same credentials and the same cache."""
        options: Options = {**self.options, "scope": scope, "audience": audience, "cache": self.cache}
        return plan_by(self.places, options, self.file)

    def changed(self) -> "Plan | None":
        """Return the plan by what the credentials file says now; None where it has not changed, or cannot be read."""
        try:
            if self.file is None or os.stat(self.file).st_mtime <= self.settings.changed_at:  # noqa: PTH116 - see settings
                return None
            return plan_by(_places(self.file, self.options), {**self.options, "cache": self.cache}, self.file)
        except (OSError, ConfigurationError):
            return None


PATIENCE = TokenDemand().patience


def make_plan(file: str | os.PathLike[str] | None, options: Options) -> Plan:
    """Put together what a source was told. Raises `ConfigurationError` with all that is missing."""
    if "settings" in options:
        settings = options["settings"]
        return _planned((place_of(settings),), options, settings, None)
    path = None if file is None else os.fspath(file)
    return plan_by(_places(path, options), options, path)


def plan_by(places: tuple[SettingsPlace, ...], options: Options, file: str | None = None) -> Plan:
    """Put together what stands in these places, the first before the others, and the options that no place has."""
    authentication = options.get("authentication", IN_BODY)
    settings = resolve(
        places,
        _scope(options.get("scope", Scope.ZEEBE)),
        options.get("audience"),
        secret_needed=authentication.needs_secret,
    )
    return _planned(places, options, settings, file)


def _planned(places: tuple[SettingsPlace, ...], options: Options, settings: ClientSettings, file: str | None) -> Plan:
    cache = options.get("cache", "disk")
    return Plan(
        file,
        places,
        options,
        settings,
        options.get("authentication", IN_BODY),
        choose_cache(cache) if isinstance(cache, str) else cache,
        options.get("transport") or standard_transport(settings),
        options.get("background", True),
        options.get("listener"),
        options.get("clock", time.time),
        options.get("sleep"),
    )


def _places(file: str | None, options: Options) -> tuple[SettingsPlace, ...]:
    secret = options.get("client_secret")
    named = {
        "token_url": options.get("token_url"),
        "client_id": options.get("client_id"),
        "client_secret": secret.reveal() if isinstance(secret, SecretText) else secret,
        "scope": options.get("token_scope"),
    }
    arguments = {name: value for name, value in named.items() if value is not None}
    places = [SettingsPlace("the arguments", arguments, in_words=True)] if arguments else []
    if file is not None:
        from gatekey.client.config.reading import read_credentials

        places.append(read_credentials(file).place)
    # Who names URL, id and secret means these and nothing else: an audience of the environment is another client's.
    if file is not None or not {"token_url", "client_id", "client_secret"} <= arguments.keys():
        places.append(SettingsPlace("the environment", options.get("environment", os.environ)))
    return tuple(places)


def choose_cache(choice: Literal["disk", "memory"]) -> Cache:
    """Return this user's folder, or a new memory."""
    from gatekey.client.cache.memory import MemoryCache

    if choice == "memory":
        return MemoryCache()
    from gatekey.client.cache.disk import default_folder, default_neighbour

    try:
        return _shared_folder(default_folder(os.environ), default_neighbour(os.environ))
    except CacheError as error:
        return _memory_instead(str(error))


@lru_cache(maxsize=1)
def _memory_instead(why: str) -> Cache:
    """Return the one memory of this process, so that its sources share at least that, and the warning about it."""
    from logging import getLogger

    from gatekey.client.cache.memory import MemoryCache

    getLogger("gatekey").warning("%s Until then each process asks for its own.", why)
    return MemoryCache()


@lru_cache(maxsize=8)
def _shared_folder(folder: "Path", neighbour: "Path | None") -> Cache:
    """Return the one cache of a folder, so that sources share what the folder does not take, and one warning."""
    from gatekey.client.cache.disk import DiskCache

    return DiskCache(folder, neighbour=neighbour)


def standard_transport(settings: ClientSettings) -> Transport:
    """Return the standard library's HTTP, imported when a request leaves, with the certificates of the settings."""

    def send(request: HttpRequest) -> HttpResponse:
        from gatekey.client.transport import UrllibTransport

        transport = UrllibTransport(
            authorities=settings.authorities, certificate=settings.certificate, key=settings.certificate_key
        )
        return transport(request)

    return send


def is_async(transport: Transport | AsyncTransport) -> TypeGuard[AsyncTransport]:
    """Whether a transport is to be awaited."""
    return iscoroutinefunction(transport) or iscoroutinefunction(getattr(transport, "__call__", None))  # noqa: B004 - not whether, but how it is called


def is_blocking(transport: Transport | AsyncTransport) -> TypeGuard[Transport]:
    """Whether a transport returns its response."""
    return not is_async(transport)


def chance() -> float:
    """Return a random number from 0 up to 1, without the import of `random`."""
    return int.from_bytes(os.urandom(4), "big") / 2**32


def _scope(named: str) -> Scope:
    for scope in Scope:
        if scope.lower() == named.lower():
            return scope
    raise ConfigurationError(f"There is no scope {named!r}.", hint=f"Scopes: {', '.join(Scope)}.")
