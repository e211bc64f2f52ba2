"""
What a user of camunda-orchestration-sdk writes: every setting comes from the credentials file's variables.

Arguments: process, job type. All is REST: deploys the process, starts an instance, activates and completes its job.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from camunda_orchestration_sdk import CamundaClient
from camunda_orchestration_sdk.models.job_activation_request import JobActivationRequest
from camunda_orchestration_sdk.models.job_completion_request import JobCompletionRequest
from camunda_orchestration_sdk.models.job_completion_request_variables import JobCompletionRequestVariables
from camunda_orchestration_sdk.models.process_creation_by_id import ProcessCreationById
from camunda_orchestration_sdk.models.process_instance_creation_instruction_by_id_variables import (
    ProcessInstanceCreationInstructionByIdVariables,
)

process, job_type = sys.argv[1:3]
given = ProcessInstanceCreationInstructionByIdVariables.from_dict({"worker": job_type, "name": "Ada"})

with CamundaClient() as camunda, ThreadPoolExecutor() as aside:
    version = camunda.get_topology().gateway_version
    deployed = camunda.deploy_resources_from_files([process])
    wanted = ProcessCreationById(
        process_definition_id=deployed.processes[0].process_definition_id,
        variables=given,
        await_completion=True,
        request_timeout=30_000,
    )
    ending = aside.submit(lambda: camunda.create_process_instance(data=wanted))
    request = JobActivationRequest(type_=job_type, timeout=10_000, max_jobs_to_activate=1, request_timeout=10_000)
    (job,) = camunda.activate_jobs(data=request).jobs
    greeting = JobCompletionRequestVariables.from_dict({"greeting": f"Hello, {job.variables['name']}!"})
    camunda.complete_job(job_key=job.job_key, data=JobCompletionRequest(variables=greeting))
    finished = ending.result().variables
print(json.dumps({"versions": [version], "greetings": [finished["greeting"]]}))  # noqa: T201 - its output
