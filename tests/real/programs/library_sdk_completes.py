"""
What a user of camunda-orchestration-sdk writes to share tokens: `httpx_args` is the one line that differs.

Completes the job whose key is the first argument, and prints how many token requests that took.
"""

import json
import sys

from camunda_orchestration_sdk import CamundaClient

from gatekey import TokenSource
from gatekey.client.events import Event, TokenRequested
from gatekey.client.integrations.httpx import TokenAuth

asked: list[TokenRequested] = []


def listen(event: Event) -> None:
    if isinstance(event, TokenRequested):
        asked.append(event)


with CamundaClient(
    {"CAMUNDA_AUTH_STRATEGY": "NONE"}, httpx_args={"auth": TokenAuth(TokenSource(listener=listen))}
) as camunda:
    answer = camunda.client.get_httpx_client().get("/topology")
    camunda.complete_job(sys.argv[1])
told = {"status": answer.status_code, "topology": answer.json(), "asked": len(asked)}
print(json.dumps(told))  # noqa: T201 - its output
