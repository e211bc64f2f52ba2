"""
camunda-orchestration-sdk with tokens that all processes share: `python with_camunda_sdk.py my-app.env URL`.

URL is the REST address, such as http://localhost:26600. By itself the SDK asks for a token per process. The one line is
`httpx_args`; `NONE` keeps the SDK from asking too.
"""

import sys

from camunda_orchestration_sdk import CamundaClient

from gatekey import TokenSource
from gatekey.client.integrations.httpx import TokenAuth

file, url = sys.argv[1:]
with CamundaClient(
    {"CAMUNDA_REST_ADDRESS": url, "CAMUNDA_AUTH_STRATEGY": "NONE"},
    httpx_args={"auth": TokenAuth(TokenSource(file))},
) as camunda:
    answer = camunda.client.get_httpx_client().get("/topology")
print(answer.status_code, answer.text)
