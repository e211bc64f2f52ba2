"""Call an API by aiohttp: `python with_aiohttp.py my-app.env http://localhost:26600/v2/topology`."""

import asyncio
import sys

import aiohttp

from gatekey import AsyncTokenSource
from gatekey.client.integrations.aiohttp import token_middleware


async def main(file: str, url: str) -> None:
    tokens = token_middleware(AsyncTokenSource(file), url)  # goes to this origin, and nowhere else
    async with aiohttp.ClientSession(middlewares=[tokens]) as session, session.get(url) as answer:
        print(answer.status, await answer.text())


asyncio.run(main(*sys.argv[1:]))
