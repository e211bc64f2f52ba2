"""
A token endpoint for measuring, in a process of its own: counts requests, answers as it was started to.
"""

import asyncio
import json
import multiprocessing as mp
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

COUNT = b"GET /count"
DISCOVERY = b"GET /oauth/.well-known/openid-configuration"
"""Asked by msal, once; not counted."""


def issuer_of(url: str) -> str:
    """
    The issuer whose token URL this is, as an OpenID provider has one.
    """
    return url.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Manner:
    """
    How to answer: a status, after a delay in seconds, with Retry-After where it is a limit.
    """

    status: int = 200
    delay: float = 0.0
    lifetime: int = 3600
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """
    Where it is, and how often it was asked.
    """

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/oauth/token"

    @property
    def count(self) -> int:
        async def ask() -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(COUNT + b" HTTP/1.1\r\n\r\n")
            answer = await reader.read()
            writer.close()
            return answer

        return int(asyncio.run(ask()).rpartition(b"\r\n")[2])


async def _serve(manner: Manner, told: Any) -> None:
    count = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(COUNT):
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%d" % count)
        elif head.startswith(DISCOVERY):
            body = _described(head)
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        else:
            length = next(
                (line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b"0"
            )
            await reader.readexactly(int(length))
            count += 1
            granted = _body(manner, count)
            await asyncio.sleep(manner.delay)
            more = f"Retry-After: {manner.retry_after}\r\n" if manner.retry_after is not None else ""
            writer.write(
                f"HTTP/1.1 {manner.status} Answer\r\nContent-Type: application/json\r\n{more}"
                f"Content-Length: {len(granted)}\r\nConnection: close\r\n\r\n{granted}".encode()
            )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=4096)
    told.send(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


def _described(head: bytes) -> bytes:
    host = next(line[6:].decode() for line in head.split(b"\r\n") if line.lower().startswith(b"host: "))
    issuer = f"https://{host}/oauth"
    names = {"authorization_endpoint": "authorize", "token_endpoint": "token"}
    return json.dumps({"issuer": issuer, **{name: f"{issuer}/{path}" for name, path in names.items()}}).encode()


def _body(manner: Manner, number: int) -> str:
    if manner.status == 200:
        return json.dumps({"access_token": f"t{number}", "expires_in": manner.lifetime, "token_type": "Bearer"})
    return json.dumps({"error": "invalid_client" if manner.status == 401 else "too_many_requests"})


def _run(manner: Manner, told: Any) -> None:
    asyncio.run(_serve(manner, told))


@contextmanager
def answering(manner: Manner) -> Iterator[Endpoint]:
    """
    Run an endpoint until the block ends.
    """
    ours, theirs = mp.Pipe()
    process = mp.get_context("spawn").Process(target=_run, args=(manner, theirs), daemon=True)
    process.start()
    try:
        yield Endpoint(ours.recv())
    finally:
        process.terminate()
        process.join()
