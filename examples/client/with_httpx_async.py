"""Call an API by httpx in an event loop: `python with_httpx_async.py my-app.env http://localhost:26600/v2/topology`."""

import asyncio
import sys

import httpx

from gatekey import AsyncTokenSource
from gatekey.client.integrations.httpx import TokenAuth


async def main(file: str, url: str) -> None:
    async with httpx.AsyncClient(auth=TokenAuth(AsyncTokenSource(file))) as client:
        answers = await asyncio.gather(*(client.get(url) for _ in range(10)))  # one token request for all of them
    print(answers[0].status_code, answers[0].text)


asyncio.run(main(*sys.argv[1:]))
