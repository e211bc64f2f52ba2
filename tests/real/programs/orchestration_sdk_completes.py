"""
What a user of camunda-orchestration-sdk writes: every setting comes from the credentials file's variables.

Completes the job whose key is the first argument, and prints the version that the topology tells. The topology is read
through the client's own HTTP connection (its token, its address), for no published version of this SDK can parse what
an 8.6 server answers: they are made from the API of 8.8 and later.
"""

import json
import sys

from camunda_orchestration_sdk import CamundaClient

with CamundaClient() as camunda:
    answer = camunda.client.get_httpx_client().get("/topology")
    if len(sys.argv) > 1:
        camunda.complete_job(sys.argv[1])
print(json.dumps({"status": answer.status_code, "topology": answer.json()}))  # noqa: T201 - its output
