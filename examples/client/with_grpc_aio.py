"""
Call Zeebe by grpcio in an event loop: `python with_grpc_aio.py my-app.env localhost:26600`.

The call is made with raw bytes, an empty request and an answer of some length; your generated stubs take the same
channel.
"""

import asyncio
import sys

import grpc

from gatekey import AsyncTokenSource
from gatekey.client.integrations.grpc_aio import interceptors


async def main(file: str, address: str) -> None:
    tokens = interceptors(AsyncTokenSource(file))
    async with grpc.aio.insecure_channel(address, interceptors=tokens) as channel:
        answer = await channel.unary_unary("/gateway_protocol.Gateway/Topology")(b"", timeout=10)
    print("OK", len(answer), "bytes")


asyncio.run(main(*sys.argv[1:]))
