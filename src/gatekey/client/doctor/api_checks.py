"""What the guarded APIs answer."""

import json
from http import HTTPStatus
from urllib.parse import urlsplit

from gatekey.client.config.settings import fault_of_url
from gatekey.client.doctor.model import Check, Finding, doubtful, fine, skipped, wrong
from gatekey.client.http import HttpRequest, HttpResponse
from gatekey.oauth.secret_text import SecretText

TOPOLOGY = "/v2/topology"
"""The call that changes nothing and that every cluster since 8.6 answers."""

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
SAAS_LOGIN = "login.cloud."
"""The host of Camunda SaaS's token service; its Secrets API is at `cluster-api.cloud.<domain>`."""

REFUSALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


def api_request(url: str, token: SecretText | None) -> HttpRequest:
    """Return a GET, with the token where one is given (RFC 6750 section 2.1)."""
    authorization = (("Authorization", f"Bearer {token.reveal()}"),) if token else ()
    return HttpRequest("GET", url, (("Accept", "application/json"), *authorization))


def topology_url(rest_address: str) -> str:
    """Return the address of the topology call below a REST address."""
    return rest_address.rstrip("/") + TOPOLOGY


def check_rest_address(address: str) -> Finding | None:
    """Refuse an address that is no URL, or that already has the version which clients append."""
    if problem := fault_of_url(address):
        return wrong(Check.REST, f"the REST address {problem}", "It looks like https://host/cluster-id.")
    if address.rstrip("/").endswith(("/v1", "/v2")):
        return wrong(
            Check.REST, "the REST address ends in its version", "Remove /v1 or /v2 from it: clients append that."
        )
    return None


def judge_guard(response: HttpResponse) -> Finding:
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


def judge_rest(response: HttpResponse) -> Finding:
    """Judge the answer to a call with the token."""
    match response.status:
        case HTTPStatus.OK:
            return fine(Check.REST, f"{TOPOLOGY} answers with the token")
        case HTTPStatus.UNAUTHORIZED:
            cure = "Check audience and cluster id in the file, and the issuer that the API trusts."
            return wrong(Check.REST, "the API refuses the token (401)", cure)
        case HTTPStatus.FORBIDDEN:
            return wrong(Check.REST, "the token is valid but does not open this API (403)", "Grant the Zeebe scope.")
        case HTTPStatus.NOT_FOUND:
            cure = "Check the REST address; clusters before 8.6 do not have this call."
            return wrong(Check.REST, f"there is no {TOPOLOGY} at this address (404)", cure)
        case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            cure = "The credentials are fine: check that the cluster runs and that the gateway knows its address."
            return wrong(Check.REST, f"the cluster behind the API does not answer ({status})", cure)
        case status:
            return wrong(Check.REST, f"{TOPOLOGY} was answered {status}", "Check the REST address.")


def secrets_url(token_url: str) -> str | None:
    """
    Return where the Secrets API is, which no credentials file tells: beside the token URL; None for foreign
    servers.
    """
    parts = urlsplit(token_url)
    if (parts.hostname or "").startswith(SAAS_LOGIN):
        return f"https://cluster-api.cloud.{(parts.hostname or '').removeprefix(SAAS_LOGIN)}/secrets"
    path = parts.path.rstrip("/")
    if not path.endswith(TOKEN_PATH):
        return None
    return f"{parts.scheme}://{parts.netloc}{path.removesuffix(TOKEN_PATH)}/secrets"


def judge_secrets(response: HttpResponse) -> Finding:
    """Judge the answer of the Secrets API; only how many there are is told, never a name or value."""
    if response.status == HTTPStatus.OK:
        try:
            count = len(json.loads(response.body))
        except (ValueError, TypeError, RecursionError):
            return wrong(Check.SECRETS, "the Secrets API answers no JSON object", "Check the token URL's host.")
        return fine(Check.SECRETS, f"the Secrets API answers, {count} in the cluster")
    cure = "Grant the Secrets scope." if response.status in REFUSALS else "Ask the operator of the token service."
    return wrong(Check.SECRETS, f"the Secrets API answers {response.status}", cure)
