"""Work the jobs of greeting.bpmn, with the variables of a credentials file: source my-app.env; python worker.py"""

import asyncio
import os

import grpc
from pyzeebe import ZeebeWorker

from gatekey import AsyncTokenSource
from gatekey.client.integrations.grpc_aio import interceptors


async def main() -> None:
    channel = grpc.aio.insecure_channel(os.environ["ZEEBE_ADDRESS"], interceptors=interceptors(AsyncTokenSource()))
    worker = ZeebeWorker(channel)

    @worker.task(task_type="greet")
    async def greet(name: str) -> dict[str, str]:
        return {"greeting": f"Hello, {name}!"}

    await worker.work()


asyncio.run(main())
