"""
What a user of pyzeebe writes to share tokens: the channel is the one line that differs.

Deploys the process named on the command line, starts instances, works their jobs, several at once, and prints the
finished instances' variables and how many token requests that took.
"""

import asyncio
import json
import os
import sys

import grpc
from pyzeebe import ZeebeClient, ZeebeWorker

from gatekey import AsyncTokenSource
from gatekey.client.events import Event, TokenRequested
from gatekey.client.integrations.grpc_aio import interceptors

INSTANCES = 5

asked: list[TokenRequested] = []


def listen(event: Event) -> None:
    if isinstance(event, TokenRequested):
        asked.append(event)


async def greet(name: str) -> dict[str, str]:
    return {"greeting": f"Hello, {name}!"}


async def main(process: str) -> None:
    tokens = interceptors(AsyncTokenSource(listener=listen))
    channel = grpc.aio.insecure_channel(os.environ["ZEEBE_ADDRESS"], interceptors=tokens)
    client, worker = ZeebeClient(channel), ZeebeWorker(channel)
    worker.task(task_type="library")(greet)  # type: ignore[arg-type] # its decorator is typed for nothing
    await client.deploy_resource(process)
    working = asyncio.create_task(worker.work())
    wanted = [{"worker": "library", "name": f"Ada {number}"} for number in range(INSTANCES)]
    finished = await asyncio.gather(
        *(client.run_process_with_result("greeting", one, timeout=30_000) for one in wanted)
    )
    await worker.stop()
    await working
    await channel.close()
    greetings = [one.variables["greeting"] for one in finished]
    print(json.dumps({"greetings": greetings, "asked": len(asked)}))  # noqa: T201 - its output


asyncio.run(main(sys.argv[1]))
