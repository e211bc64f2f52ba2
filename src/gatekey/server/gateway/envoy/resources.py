"""The form of Envoy's resources: plain documents that name their own type."""

import hashlib
import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

Document: TypeAlias = dict[str, Any]  # Any: the shape of each is Envoy's schema, which Envoy itself checks

JWT_AUTHN = "verification"
"""The name of the filter that verifies tokens and of its configuration."""

ROUTES = "guarded"
"""The name of the route configuration."""

CLUSTER_HEADER = "x-gatekey-cluster"
"""
The cluster id that a verified token carries. A caller's own is removed before anything looks at it.

It is the claim `scope`, by which Camunda's services told clusters apart before there was `https://camunda.com/clusterId`;
Gatekey writes the same id into both. Envoy's filter cannot name a claim with a dot, and expressions that can would cost
every call a tenth.
"""

CLIENT_HEADER = "x-gatekey-client"
"""The client id that a verified token carries; upstreams may log it."""

TOKEN_HEADER = "x-gatekey-token"  # noqa: S105 - a name of a header
CREDENTIAL_HEADER = "x-gatekey-credential"
"""The ids of the token and of the secret or key that got it, for the search of revocations; no upstream sees them."""

EXPIRY_HEADER = "x-gatekey-expires"
"""When the token expires, in seconds since 1970; no upstream sees it."""

BASE = "revocations"
DELTA = "latest_revocations"
"""The names of the two filters that refuse revoked tokens, and of their configurations; remote gateways know them."""


class Part(StrEnum):
    """
    The parts of the changing configuration, each delivered apart; the values are the fields of `Resources`.

    In the order of their delivery: `jwt_authn` before what reads the claims that it keeps, what closes before what
    opens, the delta (small, taken at once) before the base, upstreams before the routes that lead to them.
    """

    JWT_AUTHN = "jwt_authn"
    DELTA = "delta"
    BASE = "base"
    UPSTREAMS = "upstreams"
    ROUTES = "routes"


@dataclass(frozen=True, slots=True)
class Resources:
    """
    The changing part of the configuration, each tuple for one of Envoy's discovery services (ECDS, RDS, CDS).

    `base` and `delta` are the two filters of revocations.
    """

    jwt_authn: tuple[Document, ...]
    delta: tuple[Document, ...]
    base: tuple[Document, ...]
    upstreams: tuple[Document, ...]
    routes: tuple[Document, ...]

    def of(self, part: Part) -> tuple[Document, ...]:
        """Return one part."""
        documents: tuple[Document, ...] = getattr(self, part)
        return documents


@dataclass(frozen=True, slots=True)
class Response:
    """The file that delivers some resources (Envoy's DiscoveryResponse as JSON), and its version."""

    version: str
    text: str


def merged(old: tuple[Document, ...], new: tuple[Document, ...]) -> tuple[Document, ...]:
    """Return the new upstreams and behind them the old ones that are to go."""
    kept = {document["name"] for document in new}
    return (*new, *(document for document in old if document["name"] not in kept))


def type_url(name: str) -> str:
    """Return the URL by which Envoy knows the message type `name`."""
    return f"type.googleapis.com/{name}"


def typed(type_name: str, **fields: Any) -> Document:
    """Return a document of a message type."""
    return {"@type": type_url(type_name), **fields}


def extension(name: str, config: Document) -> Document:
    """Return an extension slot: a name for statistics and logs, and the typed configuration."""
    return {"name": name, "typed_config": config}


def discovery_response(resources: tuple[Document, ...]) -> Response:
    """Return what delivers `resources`: of an equal version for equal content."""
    serialised = json.dumps(resources, sort_keys=True)
    version = hashlib.sha256(serialised.encode()).hexdigest()
    return Response(version, f'{{"version_info": "{version}", "resources": {serialised}}}')


def read_response(text: str) -> Response:
    """Return the response that `discovery_response` made into `text`. Raises ValueError if it is none."""
    head = _HEAD.match(text)
    if head is None:
        raise ValueError("no discovery response")
    return Response(head[1], text)


_HEAD = re.compile(r'\{"version_info": "([0-9a-f]{64})"')
"""Where the version stands; reading megabytes of JSON for it would hold up the process that answers."""
