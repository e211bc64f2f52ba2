"""
What a user of zbctl types: every setting comes from the credentials file's variables.

Arguments: process, job type, and the program. Deploys the process, starts an instance, activates and completes its job.
"""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

process, job_type, program = sys.argv[1:4]


def zbctl(*arguments: str) -> str:
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout


def typed(*arguments: str) -> Any:
    return json.loads(zbctl(*arguments))


version = zbctl("status").partition("Gateway version: ")[2].split()[0]
typed("deploy", "resource", process)
given = json.dumps({"worker": job_type, "name": "Ada"})
with ThreadPoolExecutor() as aside:
    ending = aside.submit(typed, "create", "instance", "greeting", "--variables", given, "--withResult")
    (job,) = typed("activate", "jobs", job_type, "--maxJobsToActivate", "1")["jobs"]
    greeting = f"Hello, {json.loads(job['variables'])['name']}!"
    zbctl("complete", "job", job["key"], "--variables", json.dumps({"greeting": greeting}))
    finished = json.loads(ending.result()["variables"])
print(json.dumps({"versions": [version], "greetings": [finished["greeting"]]}))  # noqa: T201 - its output
