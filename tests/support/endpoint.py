"""
A token endpoint in memory: a transport that answers as it is told, and a clock that moves when somebody sleeps.
"""

from collections.abc import Callable
from itertools import count
from typing import Any, cast

from gatekey import MemoryCache
from gatekey.client.config.plan import Options
from gatekey.client.http import HttpRequest, HttpResponse
from gatekey.oauth.token_answer import encode_error, encode_success

START = 1_800_000_000.0
REFUSED = HttpResponse(401, (), encode_error("invalid_client", "no"))
TROUBLE = HttpResponse(503)

Reply = HttpResponse | Exception | Callable[[], HttpResponse]


def granted(lifetime: int) -> Callable[[str], HttpResponse]:
    return lambda name: HttpResponse(200, (), encode_success(name, lifetime, ""))


def limited(seconds: int) -> HttpResponse:
    return HttpResponse(429, (("Retry-After", str(seconds)),))


class Endpoint:
    """
    Grants tokens t1, t2, … unless told otherwise; is its own clock.
    """

    def __init__(self, lifetime: int = 3600) -> None:
        self.now = START
        self.requests: list[HttpRequest] = []
        self.replies: list[Reply] = []
        self.slept: list[float] = []
        self._grant = granted(lifetime)
        self._names = count(1)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        reply = self.replies.pop(0) if self.replies else self._grant(f"t{next(self._names)}")
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, HttpResponse) else reply()

    async def awaited(self, request: HttpRequest) -> HttpResponse:
        """
        The same endpoint, for those who await it.
        """
        return self(request)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)

    def options(self, **others: Any) -> Options:
        """
        What a source for threads needs to know, with a memory of its own, and what the test says.
        """
        told: Any = {
            "token_url": "https://localhost/oauth/token",
            "client_id": "id",
            "client_secret": "hidden",
            "cache": MemoryCache(),
            "transport": self,
            "clock": self.clock,
            "sleep": self.sleep,
            "background": False,
            **others,
        }
        return cast("Options", told)

    def async_options(self, **others: Any) -> Options:
        """
        The same for a source that is awaited.
        """
        return self.options(**{"transport": self.awaited, "sleep": self.sleep_async, **others})
