"""
What a user of pyzeebe writes: every setting comes from the credentials file's variables.

Deploys the process named on the command line, starts an instance, works its job and prints the finished instance's
variables. Plaintext on loopback is the one thing that must be said: pyzeebe's default is TLS.
"""

import asyncio
import json
import sys

import grpc
from pyzeebe import ZeebeClient, ZeebeWorker, create_oauth2_client_credentials_channel


async def greet(name: str) -> dict[str, str]:
    return {"greeting": f"Hello, {name}!"}


async def main(process: str) -> None:
    channel = create_oauth2_client_credentials_channel(channel_credentials=grpc.local_channel_credentials())
    client = ZeebeClient(channel)
    worker = ZeebeWorker(channel)
    worker.task(task_type="pyzeebe")(greet)  # type: ignore[arg-type] # its decorator is typed for nothing
    topology = await client.topology()
    await client.deploy_resource(process)
    working = asyncio.create_task(worker.work())
    finished = await client.run_process_with_result("greeting", {"worker": "pyzeebe", "name": "Ada"}, timeout=30_000)
    await worker.stop()
    await working
    await channel.close()
    print(json.dumps({"gateway": topology.gateway_version, "variables": finished.variables}))  # noqa: T201 - its output


asyncio.run(main(sys.argv[1]))
