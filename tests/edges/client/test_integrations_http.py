"""
Tokens in the HTTP libraries that applications use, against a real server.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests
import urllib3

from gatekey import AsyncTokenSource, ConfigurationError, TokenRefused, TokenSource
from gatekey.client.config.plan import Options
from gatekey.client.integrations import aiohttp as with_aiohttp
from gatekey.client.integrations import httpx as with_httpx
from gatekey.client.integrations import httpx2 as with_httpx2
from gatekey.client.integrations import requests as with_requests
from gatekey.client.integrations import urllib3 as with_urllib3
from support.scripted_server import Answer
from support.token_server import REFUSED, TokenServer, token_serving


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes


Send = Callable[[str, Any], Reply]
"""Posts a body to a URL, following redirects; the same source serves every call."""


def by_httpx(options: Options) -> Send:
    auth = with_httpx.TokenAuth(TokenSource(**options))

    def send(url: str, body: Any) -> Reply:
        with httpx.Client(auth=auth, follow_redirects=True, trust_env=False) as client:
            response = client.post(url, content=body)
            return Reply(response.status_code, response.content)

    return send


def by_httpx_async(options: Options) -> Send:
    auth = with_httpx.TokenAuth(AsyncTokenSource(**options))

    async def send(url: str, body: Any) -> Reply:
        async with httpx.AsyncClient(auth=auth, follow_redirects=True, trust_env=False) as client:
            response = await client.post(url, content=body)
            return Reply(response.status_code, response.content)

    return lambda url, body: asyncio.run(send(url, awaitable(body)))


def by_httpx2(options: Options) -> Send:
    auth = with_httpx2.TokenAuth(TokenSource(**options))

    def send(url: str, body: Any) -> Reply:
        with httpx2.Client(auth=auth, follow_redirects=True, trust_env=False) as client:
            response = client.post(url, content=body)
            return Reply(response.status_code, response.content)

    return send


def by_httpx2_async(options: Options) -> Send:
    auth = with_httpx2.TokenAuth(AsyncTokenSource(**options))

    async def send(url: str, body: Any) -> Reply:
        async with httpx2.AsyncClient(auth=auth, follow_redirects=True, trust_env=False) as client:
            response = await client.post(url, content=body)
            return Reply(response.status_code, response.content)

    return lambda url, body: asyncio.run(send(url, awaitable(body)))


def by_requests(options: Options) -> Send:
    session = requests.Session()
    session.trust_env = False
    session.auth = with_requests.TokenAuth(TokenSource(**options))

    def send(url: str, body: Any) -> Reply:
        with session:
            response = session.post(url, data=body)
            return Reply(response.status_code, response.content)

    return send


def by_aiohttp(options: Options) -> Send:
    origin = options["token_url"]
    middleware = with_aiohttp.token_middleware(AsyncTokenSource(**options), origin)

    async def send(url: str, body: Any) -> Reply:
        async with aiohttp.ClientSession(middlewares=[middleware]) as session, session.post(url, data=body) as response:
            return Reply(response.status, await response.read())

    return lambda url, body: asyncio.run(send(url, awaitable(body)))


def by_urllib3(options: Options) -> Send:
    source = TokenSource(**options)

    def send(url: str, body: Any) -> Reply:
        with urllib3.PoolManager() as pool:
            response = with_urllib3.TokenPool(pool, source).request("POST", url, body=body)
            return Reply(response.status, response.data)

    return send


def awaitable(body: Any) -> Any:
    """
    A stream for libraries that await it; anything else as it is.
    """

    async def pieces() -> AsyncIterator[bytes]:
        for piece in body:
            yield piece

    return pieces() if isinstance(body, Iterator) else body


LIBRARIES = [by_httpx, by_httpx_async, by_httpx2, by_httpx2_async, by_requests, by_aiohttp, by_urllib3]
every_library = pytest.mark.parametrize("library", LIBRARIES)


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with token_serving() as serving:
        yield serving


@every_library
def test_a_token_is_on_every_call_and_asked_for_once(library: Callable[[Options], Send], server: TokenServer) -> None:
    send = library(server.options())

    replies = [send(f"{server.url}/api", b"body") for _ in range(3)]

    assert [Reply(200, b"body")] * 3 == replies
    assert [("/api", "Bearer t1")] * 3 == server.calls
    assert 1 == len(server.token_requests)


@every_library
def test_after_a_401_the_call_is_made_once_more_with_another_token(
    library: Callable[[Options], Send], server: TokenServer
) -> None:
    server.accepts = lambda token: 401 if token == "t1" else 200

    reply = library(server.options())(f"{server.url}/api", b"body")

    assert Reply(200, b"body") == reply
    assert [("/api", "Bearer t1"), ("/api", "Bearer t2")] == server.calls
    assert 2 == len(server.token_requests)


@every_library
def test_after_a_403_nothing_is_renewed_and_nothing_repeated(
    library: Callable[[Options], Send], server: TokenServer
) -> None:
    server.accepts = lambda _: 403

    assert 403 == library(server.options())(f"{server.url}/api", b"").status
    assert 1 == len(server.calls)
    assert 1 == len(server.token_requests)


@every_library
def test_an_api_that_refuses_every_token_costs_one_renewal_and_not_one_for_each_call(
    library: Callable[[Options], Send], server: TokenServer
) -> None:
    server.accepts = lambda _: 401
    send = library(server.options())

    assert [401] * 5 == [send(f"{server.url}/api", b"").status for _ in range(5)]
    assert 2 == len(server.token_requests)
    assert 6 == len(server.calls)


@every_library
def test_a_deleted_client_gets_the_apis_answer_and_then_the_reason(
    library: Callable[[Options], Send], server: TokenServer
) -> None:
    server.accepts = lambda _: 401
    server.answers = iter([Answer(200, b'{"access_token": "t1", "expires_in": 3600}'), REFUSED])
    send = library(server.options())

    assert 401 == send(f"{server.url}/api", b"").status
    for _ in range(3):
        with pytest.raises(TokenRefused, match="the client was deleted"):
            send(f"{server.url}/api", b"")

    assert 2 == len(server.token_requests)
    assert 1 == len(server.calls)


@every_library
@pytest.mark.parametrize("status", [200, 401])
def test_a_redirect_to_another_host_does_not_carry_the_token(
    library: Callable[[Options], Send], server: TokenServer, status: int
) -> None:
    with token_serving() as elsewhere:
        elsewhere.accepts = lambda _: status
        reply = library(server.options())(f"{server.url}/to/127.0.0.1:{elsewhere.server.port}/landing", b"body")

        assert status == reply.status
        assert [("/landing", None)] == elsewhere.calls
    assert 1 == len(server.token_requests)


@every_library
def test_a_body_that_is_a_stream_is_sent_once_only(library: Callable[[Options], Send], server: TokenServer) -> None:
    server.accepts = lambda _: 401

    assert 401 == library(server.options())(f"{server.url}/api", iter([b"pie", b"ces"])).status
    assert 1 == len(server.calls)
    assert 1 == len(server.token_requests)


def test_a_file_is_sent_again_from_where_it_was(server: TokenServer, tmp_path: Any) -> None:
    server.accepts = lambda token: 401 if token == "t1" else 200
    path = tmp_path / "process.bpmn"
    path.write_bytes(b"head and body")
    with path.open("rb") as file:
        file.seek(9)
        reply = by_requests(server.options())(f"{server.url}/api", file)

    assert Reply(200, b"body") == reply


def test_the_wrong_colour_of_source_is_told_at_once(server: TokenServer) -> None:
    with pytest.raises(ConfigurationError, match="cannot await"), httpx.Client() as client:
        client.get(server.url, auth=with_httpx.TokenAuth(AsyncTokenSource(**server.options())))

    async def ask() -> None:
        async with httpx.AsyncClient() as client:
            await client.get(server.url, auth=with_httpx.TokenAuth(TokenSource(**server.options())))

    with pytest.raises(ConfigurationError, match="must not be kept waiting"):
        asyncio.run(ask())
    assert [] == server.server.asked
