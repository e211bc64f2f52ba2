"""
What a user of pyzeebe writes: every setting comes from the credentials file's variables.

Arguments: process, job type. Deploys the process, starts an instance, works its job and prints the outcome. FORM says
how to connect: plaintext on loopback is the one thing that must be written down, for pyzeebe's default is TLS.
"""

import asyncio
import json
import os
import sys

import grpc
from pyzeebe import (
    ZeebeClient,
    ZeebeWorker,
    create_camunda_cloud_channel,
    create_oauth2_client_credentials_channel,
)


def channel() -> grpc.aio.Channel:
    match os.environ["FORM"]:
        case "plain":
            return create_oauth2_client_credentials_channel(channel_credentials=grpc.local_channel_credentials())
        case "TLS":
            return create_oauth2_client_credentials_channel()
        case _:
            return create_camunda_cloud_channel()


async def greet(name: str) -> dict[str, str]:
    return {"greeting": f"Hello, {name}!"}


async def main(process: str, job_type: str) -> None:
    connection = channel()
    client, worker = ZeebeClient(connection), ZeebeWorker(connection)
    worker.task(task_type=job_type)(greet)  # type: ignore[arg-type] # its decorator is typed for nothing
    topology = await client.topology()
    await client.deploy_resource(process)
    working = asyncio.create_task(worker.work())
    finished = await client.run_process_with_result("greeting", {"worker": job_type, "name": "Ada"}, timeout=30_000)
    await worker.stop()
    await working
    await connection.close()
    outcome = {"versions": [topology.gateway_version], "greetings": [finished.variables["greeting"]]}
    print(json.dumps(outcome))  # noqa: T201 - its output


asyncio.run(main(*sys.argv[1:3]))
