"""
A token endpoint and an API behind it, on one real server: tokens are numbered, the API takes the ones it is told to.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import Any, cast

from gatekey import MemoryCache
from gatekey.client.config.plan import Options
from gatekey.oauth.token_answer import encode_error, encode_success
from support.scripted_server import Answer, Asked, Reply, Server, serving

TOKEN_PATH = "/oauth/token"


@dataclass(slots=True)
class TokenServer:
    """
    What the test says, and what was asked.
    """

    server: Server
    accepts: Callable[[str], int] = lambda _: 200
    """The status of an API call with this token."""
    answers: Iterator[Reply] | None = None
    """Answers of the token endpoint, in place of granting."""
    before: Callable[[], object] = lambda: None
    """Called before a token request is answered; may take its time."""
    names: Iterator[int] = field(default_factory=lambda: count(1))
    guard: Any = field(default_factory=Lock)

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def words(self) -> dict[str, str]:
        """
        What a source needs to know, in words that can be passed to another process.
        """
        return {
            "token_url": f"{self.url}{TOKEN_PATH}",
            "client_id": "my-app",
            "client_secret": "hidden-secret",
            "audience": "zeebe.camunda.io",
        }

    def options(self, **others: Any) -> Options:
        """
        What a source needs to know, with a memory of its own, and what the test says.
        """
        told: Any = {**self.words, "cache": MemoryCache(), **others}
        return cast("Options", told)

    @property
    def token_requests(self) -> list[Asked]:
        return [asked for asked in self.server.asked if asked.path == TOKEN_PATH]

    @property
    def calls(self) -> list[tuple[str, str | None]]:
        """
        Path and Authorization header of each call that was no token request.
        """
        return [
            (asked.path, {name.lower(): value for name, value in asked.headers.items()}.get("authorization"))
            for asked in self.server.asked
            if asked.path != TOKEN_PATH
        ]

    def respond(self, asked: Asked) -> Reply:
        if asked.path == TOKEN_PATH:
            self.before()
        with self.guard:
            if asked.path == TOKEN_PATH:
                if self.answers:
                    return next(self.answers)
                return Answer(200, encode_success(f"t{next(self.names)}", 3600, ""))
            headers = {name.lower(): value for name, value in asked.headers.items()}
            if asked.path.startswith("/to/"):
                return Answer(307, b"", (("Location", "http://" + asked.path.removeprefix("/to/")),))
            return Answer(self.accepts(headers.get("authorization", "").removeprefix("Bearer ")), asked.body)


REFUSED = Answer(401, encode_error("invalid_client", "the client was deleted"))


@contextmanager
def token_serving() -> Iterator[TokenServer]:
    """
    Serve on a free port of loopback until the block ends.
    """
    made: list[TokenServer] = []
    with serving(lambda asked: made[0].respond(asked)) as server:  # noqa: PLW0108 - there is none yet to be named
        made.append(TokenServer(server))
        yield made[0]
