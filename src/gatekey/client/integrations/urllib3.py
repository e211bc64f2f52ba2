"""Tokens in urllib3: `TokenPool(urllib3.PoolManager(), TokenSource()).request("GET", url)`."""

from collections.abc import Mapping
from typing import Any

from urllib3 import BaseHTTPResponse, PoolManager
from urllib3._request_methods import RequestMethods

from gatekey.client.integrations.replacement import UNAUTHORIZED, replacement
from gatekey.client.token import Token, TokenProvider


class TokenPool(RequestMethods):
    """
    A pool that puts a token on every request, and after a 401 sends it once more with another.

    Wraps a pool instead of deriving from it, for a pool follows redirects by calling itself: so urllib3 takes the token
    off on the way to another host, and it stays off. A body that is a stream is sent once only.
    """

    def __init__(self, pool: PoolManager, source: TokenProvider) -> None:
        super().__init__()
        self._pool = pool
        self._source = source

    def urlopen(  # type: ignore[override] # the options are the pool's
        self,
        method: str,
        url: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> BaseHTTPResponse:
        """Send one request as `PoolManager.urlopen` does. Raises its errors, and those of `TokenSource.token`."""
        token = self._source.token()
        own = dict(self._pool.headers if headers is None else headers)

        def sent(token: Token) -> BaseHTTPResponse:
            authorized = {**own, "Authorization": token.authorization.reveal()}
            return self._pool.urlopen(method, url, body=body, headers=authorized, **options)

        response = sent(token)
        if response.status != UNAUTHORIZED or not (body is None or isinstance(body, bytes | str)):
            return response
        if _redirected(response):
            return response
        other = replacement(self._source, token)
        if other is None:
            return response
        response.drain_conn()
        response.release_conn()
        return sent(other)


def _redirected(response: BaseHTTPResponse) -> bool:
    """Whether the answer came after a redirect: then it is not about the token, which may have been taken off."""
    return bool(response.retries and any(step.redirect_location for step in response.retries.history))
