"""
How a token is asked for: one request, and patience where patience helps.

A pure generator. It yields `Send` and `Sleep`; a driver performs them, sends the response back, and throws a
`TransportFailure` in where none came. So one brain serves threads, event loops and tests without either.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import gatekey
from gatekey.client.obstacle import TransportFailure
from gatekey.client.settings import ClientSettings
from gatekey.errors import RateLimited, TokenError, TokenRefused, TokenUnavailable
from gatekey.wire.fields import FORM
from gatekey.wire.http import HttpRequest, HttpResponse, retry_after, shown
from gatekey.wire.secret_text import SecretText
from gatekey.wire.token_answer import TokenAnswer, read_answer
from gatekey.wire.token_request import encode_request

T = TypeVar("T")

FIRST_PAUSE = 1.0
"""Seconds; the token service of Camunda allows about one request per second and address."""

LONGEST_BAR = 3600.0
"""Seconds. A server that names more has a broken clock or means to lock us out; ask it again after an hour."""


@dataclass(frozen=True, slots=True)
class Send:
    """
    Perform one HTTP request and send its response back, whatever its status.
    """

    request: HttpRequest


@dataclass(frozen=True, slots=True)
class Sleep:
    """
    Let so many seconds pass.
    """

    seconds: float


Step: TypeAlias = Send | Sleep
Flow: TypeAlias = Generator[Step, HttpResponse | None, T]
Jitter: TypeAlias = Callable[[], float]
"""Returns a random number from 0 up to 1, as `random.random` does."""


@dataclass(frozen=True, slots=True)
class Patience:
    """
    How often to ask at most, and how many seconds to sleep in all, before giving up.
    """

    attempts: int = 4
    wait: float = 30.0
    """The Node.js SDK of Camunda gives up after 30 s too."""


@dataclass(frozen=True, slots=True)
class Setback:
    """
    An attempt failed in a way that may pass; `floor` is the shortest pause in seconds that the server asked for.
    """

    error: TokenError
    floor: float | None = None


def send(request: HttpRequest) -> Flow[HttpResponse]:
    """
    Yield one request and return its response.
    """
    response = yield Send(request)
    if response is None:  # a driver that loses answers must not look like a server without any
        raise TypeError("the driver answers every Send")
    return response


def token_request(settings: ClientSettings) -> HttpRequest:
    """
    Return the request for a token (RFC 6749 section 4.4.2), credentials in the body as Camunda's clients send them.
    """
    return HttpRequest(
        "POST",
        settings.token_url,
        (
            ("Content-Type", FORM),
            ("Accept", "application/json"),
            ("User-Agent", f"gatekey/{gatekey.__version__}"),
        ),
        encode_request(settings.client_id, settings.client_secret, settings.audience),
    )


def fetch_token(settings: ClientSettings, patience: Patience, jitter: Jitter) -> Flow[TokenAnswer]:
    """
    Ask for a token until there is one, a refusal, or no patience left.

    400, 401 and 403 are final: repeating them only spends the limit of this address. 429, 5xx and failed transports
    are tried again after the server's `Retry-After`, or else after 1, 2, 4 … seconds, and a random part more, so that
    many programs do not return at once. A pause is never cut short: one beyond the patience ends the flow instead.

    Raises the errors of `gatekey.wire.token_answer.read_answer`.
    """
    request, waited = token_request(settings), 0.0
    for attempt in range(1, patience.attempts + 1):
        outcome = yield from _attempt(request, attempt, settings.client_secret)
        if isinstance(outcome, TokenAnswer):
            return outcome
        backoff = FIRST_PAUSE * 2 ** (attempt - 1)
        pause = (backoff if outcome.floor is None else outcome.floor) + backoff * jitter()
        if attempt == patience.attempts or waited + pause > patience.wait:
            raise outcome.error
        yield Sleep(pause)
        waited += pause
    raise ValueError("patience must allow one attempt at least")


def _attempt(request: HttpRequest, number: int, secret: SecretText) -> Flow[TokenAnswer | Setback]:
    try:
        response = yield from send(request)
    except TransportFailure as failure:
        error = unreached(request, failure, number)
        if not failure.obstacle.passing:
            raise error from failure
        error.__cause__ = failure
        return Setback(error)
    try:
        return read_answer(response, number)
    except RateLimited as limited:
        return Setback(RateLimited(min(limited.retry_after, LONGEST_BAR), hint=limited.hint), retry_after(response))
    except TokenUnavailable as unavailable:
        return Setback(unavailable, retry_after(response))
    except TokenRefused as refused:
        raise concealed(refused, secret) from None


def unreached(request: HttpRequest, failure: TransportFailure, attempts: int) -> TokenUnavailable:
    """
    Say in the words of the error tree that no answer came.
    """
    message = f"The token endpoint {shown(request.url)} could not be asked: {failure}"
    return TokenUnavailable(message, attempts, hint=failure.obstacle.cure)


def concealed(refused: TokenRefused, secret: SecretText) -> TokenRefused:
    """
    Return the refusal without the client secret, should the server have repeated it in its description.
    """
    description = refused.description.replace(secret.reveal(), str(secret))
    return TokenRefused(refused.error, description, refused.status, hint=refused.hint)
