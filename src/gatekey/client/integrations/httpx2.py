"""Tokens in httpx2: `httpx2.Client(auth=TokenAuth(TokenSource()))`, and the same for `AsyncClient`."""

import httpx2

from gatekey.client.integrations.auth_flow import AuthFlow


class TokenAuth(AuthFlow[httpx2.Request, httpx2.Response], httpx2.Auth):
    """
    Puts a token on every request, and after a 401 sends it once more with another.

    A `TokenSource` is for `Client`, an `AsyncTokenSource` for `AsyncClient`. A body that is a stream is sent once only.
    Redirects to another host go without the token.
    """

    repeatable = httpx2.ByteStream
