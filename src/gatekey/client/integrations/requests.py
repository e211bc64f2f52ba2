"""Tokens in requests: `requests.get(url, auth=TokenAuth(TokenSource()))`, or `session.auth = …`."""

from collections.abc import Callable
from typing import Any

from requests import PreparedRequest, Response
from requests.auth import AuthBase

from gatekey.client.integrations.replacement import UNAUTHORIZED, replacement
from gatekey.client.token import Token, TokenProvider


class TokenAuth(AuthBase):
    """
    Puts a token on every request, and after a 401 sends it once more with another.

    A body that cannot be rewound is sent once only. Redirects to another host go without the token.
    """

    def __init__(self, source: TokenProvider) -> None:
        self._source = source

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Put a token on the request. Raises the errors of `TokenSource.token`."""
        token = self._source.token()
        request.headers["Authorization"] = token.authorization.reveal()
        position = _position(request.body)

        def again(response: Response, **options: Any) -> Response:
            return self._again(response, token, position, options)

        request.hooks["response"].append(again)
        return request

    def _again(self, response: Response, token: Token, position: int | None, options: dict[str, Any]) -> Response:
        request = response.request
        # On a redirect to another host requests has taken the token off; it must not be put on again there.
        ours = request.headers.get("Authorization") == token.authorization.reveal()
        if response.status_code != UNAUTHORIZED or not ours or not _rewound(request.body, position):
            return response
        other = replacement(self._source, token)
        if other is None:
            return response
        _ = response.content  # read to the end, so that the connection can be used again
        response.close()
        repeated = request.copy()
        repeated.headers["Authorization"] = other.authorization.reveal()
        send: Callable[..., Response] = response.connection.send
        second = send(repeated, **options)
        second.history.append(response)
        second.request = repeated
        return second


def _position(body: object) -> int | None:
    try:
        return body.tell() if hasattr(body, "tell") else None
    except OSError:
        return None


def _rewound(body: object, position: int | None) -> bool:
    """Whether the body can be sent again; a file is put back to where it was."""
    if body is None or isinstance(body, bytes | str):
        return True
    if position is None or not hasattr(body, "seek"):
        return False
    body.seek(position)
    return True
