"""
pyzeebe with tokens that all processes share: `python with_pyzeebe.py my-app.env localhost:26600`.

By itself pyzeebe asks for a token per process and per concurrent call. The one line is the channel; `ZeebeWorker` takes
the same one.
"""

import asyncio
import sys

import grpc
from pyzeebe import ZeebeClient

from gatekey import AsyncTokenSource
from gatekey.client.integrations.grpc_aio import interceptors


async def main(file: str, address: str) -> None:
    channel = grpc.aio.insecure_channel(address, interceptors=interceptors(AsyncTokenSource(file)))
    topology = await ZeebeClient(channel).topology()
    print("OK", topology.cluster_size)
    await channel.close()


asyncio.run(main(*sys.argv[1:]))
