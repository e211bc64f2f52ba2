"""The calls that show whether an API takes the token, and what their answers mean."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from gatekey.client.config.settings import GRPC_ADDRESS, REST_ADDRESS, SettingsPlace, Wanted, fault_of_url, find
from gatekey.client.doctor.model import Check, CheckResult, GrpcStatus, doubtful, fine, skipped, wrong
from gatekey.client.http import HttpRequest, HttpResponse
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.vocabulary import Scope

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
SAAS_LOGIN = "login.cloud."
"""The host of Camunda SaaS's token service; its Secrets API is at `cluster-api.cloud.<domain>`."""

REFUSALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})

UPSTREAM_CURE = "The credentials are fine: check that the cluster runs and that the gateway knows its address."


@dataclass(frozen=True, slots=True)
class TriedApi:
    """An API, where the file says it is, and a call that changes nothing there (with a `body` it is a POST)."""

    check: Check
    scope: Scope
    address: Wanted
    path: str
    body: bytes = b""


def _of_component(check: Check, scope: Scope, path: str, body: bytes = b"") -> TriedApi:
    return TriedApi(check, scope, Wanted(f"{scope} address", (f"CAMUNDA_{scope.name}_BASE_URL",)), path, body)


GRPC = TriedApi(Check.GRPC, Scope.ZEEBE, GRPC_ADDRESS, "Topology")
GRPC_STATUSES = {"UNAUTHENTICATED": HTTPStatus.UNAUTHORIZED, "PERMISSION_DENIED": HTTPStatus.FORBIDDEN}
"""What the statuses of gRPC are among HTTP's; all others mean trouble of the server."""

REST = TriedApi(Check.REST, Scope.ZEEBE, REST_ADDRESS, "/v2/topology")
APIS = (
    _of_component(Check.TASKLIST, Scope.TASKLIST, "/v1/tasks/search", b'{"pageSize":1}'),
    _of_component(Check.OPERATE, Scope.OPERATE, "/v1/process-definitions/search", b'{"size":1}'),
    _of_component(Check.OPTIMIZE, Scope.OPTIMIZE, "/api/readyz"),
    TriedApi(Check.SECRETS, Scope.SECRETS, Wanted("Secrets address", ()), ""),
)


def api_request(url: str, token: SecretText | None, body: bytes = b"") -> HttpRequest:
    """Return a call, with the token where one is given (RFC 6750 section 2.1)."""
    authorization = (("Authorization", f"Bearer {token.reveal()}"),) if token else ()
    typed = (("Content-Type", "application/json"),) if body else ()
    return HttpRequest("POST" if body else "GET", url, (("Accept", "application/json"), *typed, *authorization), body)


def url_of(api: TriedApi, place: SettingsPlace, token_url: str) -> str | CheckResult:
    """Return where the call goes, or the finding that this cannot be told."""
    if api.scope is Scope.SECRETS:
        return secrets_url(token_url) or skipped(api.check, "where the Secrets API is cannot be told")
    found = find(api.address, [place])
    if found is None:
        return skipped(api.check, f"the file names no {api.address.title}")
    base = found.value.rstrip("/")
    if problem := fault_of_url(base):
        return wrong(api.check, f"the {api.address.title} {problem}", "It looks like https://host/cluster-id.")
    if base.endswith(("/v1", "/v2")):
        cure = "Remove /v1 or /v2 from it: clients append that."
        return wrong(api.check, f"the {api.address.title} ends in its version", cure)
    return base + api.path


def secrets_url(token_url: str) -> str | None:
    """Return where the Secrets API is, beside the token URL; no file tells. None for foreign servers."""
    parts = urlsplit(token_url)
    if (parts.hostname or "").startswith(SAAS_LOGIN):
        return f"https://cluster-api.cloud.{(parts.hostname or '').removeprefix(SAAS_LOGIN)}/secrets"
    path = parts.path.rstrip("/")
    if not path.endswith(TOKEN_PATH):
        return None
    return f"{parts.scheme}://{parts.netloc}{path.removesuffix(TOKEN_PATH)}/secrets"


def judge_guard(response: HttpResponse) -> CheckResult:
    """Judge the answer to a call without any token: it must be a refusal."""
    status = response.status
    if status in REFUSALS:
        return fine(Check.REST_GUARD, f"calls without a token are refused ({status})")
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return doubtful(
            Check.REST_GUARD,
            "the REST API answers without a token: everyone who reaches it can use it",
            "Let only the gateway reach the cluster, or turn on the cluster's own authentication.",
        )
    return skipped(Check.REST_GUARD, f"a call without a token was answered {status}, which says nothing about tokens")


def judge_api(api: TriedApi, response: HttpResponse) -> CheckResult:
    """Judge the answer to the call with the token."""
    if response.status == HTTPStatus.OK:
        if api.scope is Scope.SECRETS:
            return _judge_secrets(response)
        return fine(api.check, f"{api.path} answers with the token")
    return _judge_status(api, response.status, str(response.status))


def judge_grpc(status: GrpcStatus) -> CheckResult:
    """Judge how the call of Topology ended."""
    if status.code == "OK":
        return fine(Check.GRPC, "Topology answers with the token")
    http = GRPC_STATUSES.get(status.code, HTTPStatus.SERVICE_UNAVAILABLE)
    return _judge_status(GRPC, http, f"{status.code}: {status.detail}")


def _judge_status(api: TriedApi, status: int, told: str) -> CheckResult:
    if status == HTTPStatus.UNAUTHORIZED:
        cure = "Check audience and cluster id in the file, and the issuer that the API trusts."
        return wrong(api.check, f"the API refuses the token ({told})", cure)
    if status == HTTPStatus.FORBIDDEN:
        cure = f"Grant the {api.scope} scope; with authorizations on, give the client its rights in the cluster."
        return wrong(api.check, f"the token is valid but does not open this API ({told})", cure)
    if status == HTTPStatus.NOT_FOUND:
        found = f"there is no {api.path} at this address ({told})"
        if api.scope is Scope.ZEEBE:
            return wrong(api.check, found, "Check the REST address; clusters before 8.6 do not have this call.")
        return doubtful(api.check, found, f"The cluster may be without {api.scope}, or too new for this API.")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return wrong(api.check, f"what is behind the API does not answer ({told})", UPSTREAM_CURE)
    return wrong(api.check, f"{api.path or 'the API'} was answered {told}", f"Check the {api.address.title}.")


def _judge_secrets(response: HttpResponse) -> CheckResult:
    """Tell how many secrets there are, never a name or value."""
    try:
        count = len(json.loads(response.body))
    except (ValueError, TypeError, RecursionError):
        return wrong(Check.SECRETS, "the Secrets API answers no JSON object", "Check the token URL's host.")
    return fine(Check.SECRETS, f"the Secrets API answers, {count} in the cluster")
