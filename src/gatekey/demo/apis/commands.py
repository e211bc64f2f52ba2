"""The commands of the Orchestration Cluster REST API (v2); problems are those of RFC 9457."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gatekey.demo.apis import documents
from gatekey.demo.apis.answers import Body, answered, number_of, text_of, variables_of
from gatekey.demo.bpmn import LARGEST
from gatekey.demo.cluster import DemoCluster
from gatekey.demo.model import Message, Problem, Rejected

RESULT_SECONDS = 10.0
"""How long a result is waited for unless the request says otherwise."""


class CommandApi:
    """Translates requests into commands; what is read stands in `reads`."""

    def __init__(self, cluster: DemoCluster) -> None:
        self._cluster, self._engine = cluster, cluster.engine

    def routes(self) -> list[Route]:
        """Return the routes of commands."""
        instance, job, task = "/v2/process-instances", "/v2/jobs", "/v2/user-tasks"
        posts = {
            "/v2/deployments": self._deploy,
            instance: self._create,
            f"{instance}/{{key:int}}/cancellation": self._cancel,
            f"{instance}/{{key:int}}/deletion": self._delete_instance,
            f"{job}/activation": self._activate,
            f"{job}/{{key:int}}/completion": self._complete,
            f"{job}/{{key:int}}/failure": self._fail,
            f"{job}/{{key:int}}/error": self._throw,
            "/v2/messages/publication": self._publish,
            "/v2/messages/correlation": self._correlate,
            "/v2/incidents/{key:int}/resolution": self._resolve,
            f"{task}/{{key:int}}/completion": self._complete_task,
            f"{task}/{{key:int}}/assignment": self._assign_task,
            "/v2/resources/{key:int}/deletion": self._delete_definition,
        }
        return [
            *(Route(path, answered(action), methods=["POST"]) for path, action in posts.items()),
            Route(f"{job}/{{key:int}}", answered(self._update_job), methods=["PATCH"]),
            Route(f"{task}/{{key:int}}/assignee", answered(self._unassign_task), methods=["DELETE"]),
            Route("/v2/element-instances/{key:int}/variables", answered(self._set_variables), methods=["PUT", "POST"]),
        ]

    async def _deploy(self, request: Request, _body: Body) -> Response:
        async with request.form(max_part_size=LARGEST) as form:
            files = [each for each in form.getlist("resources") if not isinstance(each, str)]
            resources = [(each.filename or "", await each.read()) for each in files]
        key, found = self._engine.deploy(resources)
        return JSONResponse(documents.deployment(key, found))

    async def _delete_definition(self, request: Request, _body: Body) -> Response:
        self._engine.delete_definition(request.path_params["key"])
        return JSONResponse({"resourceKey": str(request.path_params["key"]), "batchOperation": None})

    async def _create(self, _request: Request, body: Body) -> Response:
        if body.get("startInstructions"):
            raise Rejected(Problem.INVALID, "The demo cluster starts instances at their start event.")
        definition = self._engine.definition(
            text_of(body, "processDefinitionId"),
            number_of(body, "processDefinitionVersion", -1),
            number_of(body, "processDefinitionKey", 0),
        )
        instance = self._engine.create_instance(definition, variables_of(body))
        values: dict[str, Any] = {}
        if body.get("awaitCompletion"):
            patience = number_of(body, "requestTimeout", 0) / 1000 or RESULT_SECONDS
            if not await self._cluster.ended(instance, patience):
                raise HTTPException(
                    504, f"Process instance {instance.key} did not end within {patience:g} s; it goes on."
                )
            wanted = set(body.get("fetchVariables") or instance.variables)
            values = {name: each.value for name, each in instance.variables.items() if name in wanted}
        return JSONResponse(documents.created(instance, values))

    async def _cancel(self, request: Request, _body: Body) -> Response:
        self._engine.cancel(request.path_params["key"])
        return Response(status_code=204)

    async def _delete_instance(self, request: Request, _body: Body) -> Response:
        self._engine.delete_instance(request.path_params["key"])
        return Response(status_code=204)

    async def _set_variables(self, request: Request, body: Body) -> Response:
        self._engine.set_variables(request.path_params["key"], variables_of(body), local=bool(body.get("local")))
        return Response(status_code=204)

    async def _activate(self, _request: Request, body: Body) -> Response:
        most, lease = number_of(body, "maxJobsToActivate", 0), number_of(body, "timeout", 0)
        if not text_of(body, "type") or most < 1 or lease < 1:
            raise Rejected(Problem.INVALID, "type, timeout and maxJobsToActivate are needed, the numbers from 1 on.")
        patience = number_of(body, "requestTimeout", 0)
        jobs = await self._cluster.activate(text_of(body, "type"), text_of(body, "worker"), lease, most, patience)
        wanted = set(body.get("fetchVariable") or ())
        shown = [
            documents.activated_job(
                job, {name: value for name, value in job.element.visible.items() if not wanted or name in wanted}
            )
            for job in jobs
        ]
        return JSONResponse({"jobs": shown})

    async def _complete(self, request: Request, body: Body) -> Response:
        self._engine.complete_job(request.path_params["key"], variables_of(body))
        return Response(status_code=204)

    async def _fail(self, request: Request, body: Body) -> Response:
        key, retries, backoff = (
            request.path_params["key"],
            number_of(body, "retries", 0),
            number_of(body, "retryBackOff", 0),
        )
        self._engine.fail_job(key, retries, text_of(body, "errorMessage"), backoff, variables_of(body))
        return Response(status_code=204)

    async def _throw(self, request: Request, body: Body) -> Response:
        key, code, text = request.path_params["key"], text_of(body, "errorCode"), text_of(body, "errorMessage")
        self._engine.throw_error(key, code, text, variables_of(body))
        return Response(status_code=204)

    async def _update_job(self, request: Request, body: Body) -> Response:
        changes = body.get("changeset")
        changes = changes if isinstance(changes, Mapping) else {}
        retries, lease = (
            number_of(changes, name, 0) if changes.get(name) is not None else None for name in ("retries", "timeout")
        )
        self._engine.update_job(request.path_params["key"], retries=retries, timeout=lease)
        return Response(status_code=204)

    async def _publish(self, _request: Request, body: Body) -> Response:
        message = self._engine.publish(
            text_of(body, "name"),
            text_of(body, "correlationKey"),
            text_of(body, "messageId"),
            variables_of(body),
            number_of(body, "timeToLive", 0),
        )
        return JSONResponse({"messageKey": str(message.key), "tenantId": documents.TENANT})

    async def _correlate(self, _request: Request, body: Body) -> Response:
        name, key = text_of(body, "name"), text_of(body, "correlationKey")
        message = Message(0, name, key, "", variables_of(body), 0)
        instance = self._engine.correlate(message)
        if instance is None:
            raise Rejected(Problem.NOT_FOUND, f"Nothing waits for the message {name} with the key {key}.")
        keys = {"messageKey": str(instance.key), "processInstanceKey": str(instance.key)}
        return JSONResponse({**keys, "tenantId": documents.TENANT})

    async def _resolve(self, request: Request, _body: Body) -> Response:
        self._engine.resolve_incident(request.path_params["key"])
        return Response(status_code=204)

    async def _complete_task(self, request: Request, body: Body) -> Response:
        self._engine.complete_user_task(request.path_params["key"], variables_of(body))
        return Response(status_code=204)

    async def _assign_task(self, request: Request, body: Body) -> Response:
        override = body.get("allowOverride") is not False
        self._engine.assign(request.path_params["key"], text_of(body, "assignee"), override=override)
        return Response(status_code=204)

    async def _unassign_task(self, request: Request, _body: Body) -> Response:
        self._engine.assign(request.path_params["key"], None)
        return Response(status_code=204)
