"""
What type checkers say about the public names; only checked, never run.
"""

from typing import assert_type

from gatekey import AsyncTokenSource, DiskCache, MemoryCache, Scope, SecretText, Token, TokenRefused, TokenSource
from gatekey.client.config.settings import ClientSettings


def threads() -> None:
    source = TokenSource("my-app.env", scope="Operate", cache="memory", patience=0)
    token = source.token()
    assert_type(token, Token)
    assert_type(token.access_token, SecretText)
    assert_type(source.token(instead_of=token), Token)
    assert_type(source.headers(), dict[str, str])
    assert_type(source.for_scope(Scope.TASKLIST), TokenSource)
    assert_type(source.settings, ClientSettings)
    TokenSource(cache=MemoryCache())
    TokenSource(cache=DiskCache("folder"))
    TokenSource(color="blue")  # type: ignore[call-arg] # there is no such option
    TokenSource(patience="long")  # type: ignore[arg-type] # seconds are numbers


async def tasks() -> None:
    source = AsyncTokenSource()
    assert_type(await source.token(), Token)
    assert_type(await source.headers(), dict[str, str])
    try:
        await source.token(fresh=True)
    except TokenRefused as refused:
        assert_type(refused.status, int)
        assert_type(refused.until, float | None)
