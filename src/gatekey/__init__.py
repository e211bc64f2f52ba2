"""
API clients, access tokens and a guarded gateway for Camunda 8 / Zeebe.

`gatekey.oauth` speaks OAuth 2.0, `gatekey.client` uses tokens, `gatekey.server` issues them and guards the APIs that
take them, `gatekey.cli` is the command line over both.

    from gatekey import TokenSource

    tokens = TokenSource("my-app.env")
    tokens.headers()  # {"Authorization": "Bearer …"}
"""

__version__ = "0.2.0"

_HOMES = {
    "AsyncTokenProvider": "gatekey.client.token",
    "AsyncTokenSource": "gatekey.client.aio",
    "CacheError": "gatekey.errors",
    "ConfigurationError": "gatekey.errors",
    "DiskCache": "gatekey.client.cache.disk",
    "GatekeyError": "gatekey.errors",
    "MalformedResponse": "gatekey.errors",
    "MemoryCache": "gatekey.client.cache.memory",
    "RateLimited": "gatekey.errors",
    "Scope": "gatekey.oauth.vocabulary",
    "SecretText": "gatekey.oauth.secret_text",
    "Token": "gatekey.client.token",
    "TokenError": "gatekey.errors",
    "TokenProvider": "gatekey.client.token",
    "TokenRefused": "gatekey.errors",
    "TokenSource": "gatekey.client.source",
    "TokenUnavailable": "gatekey.errors",
    "UrllibTransport": "gatekey.client.transport",
}
"""
Where each public name lives. Imported when it is first used: the service, the command line and applications each need
a part, and none should pay for the rest. Type checkers read `__init__.pyi`.
"""

__all__ = [*_HOMES]  # noqa: PLE0604 - strings, all of them


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
