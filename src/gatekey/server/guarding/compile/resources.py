"""
The form of Envoy's resources: plain documents that name their own type.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, TypeAlias

Document: TypeAlias = dict[str, Any]  # Any: the shape of each is Envoy's schema, which Envoy itself checks

VERIFICATION = "verification"
"""The name of the filter that verifies tokens and of its configuration."""

ROUTES = "guarded"
"""The name of the route configuration."""

CLUSTER_HEADER = "x-gatekey-cluster"
"""The cluster id that a verified token carries. A caller's own is removed before anything looks at it."""

CLIENT_HEADER = "x-gatekey-client"
"""The client id that a verified token carries; upstreams may log it."""


@dataclass(frozen=True, slots=True)
class Resources:
    """
    The changing part of the configuration, each tuple for one of Envoy's discovery services (ECDS, RDS, CDS).
    """

    verification: tuple[Document, ...]
    routes: tuple[Document, ...]
    upstreams: tuple[Document, ...]


def type_url(name: str) -> str:
    """
    Return the URL by which Envoy knows the message type `name`.
    """
    return f"type.googleapis.com/{name}"


def typed(type_name: str, **fields: Any) -> Document:
    """
    Return a document of a message type.
    """
    return {"@type": type_url(type_name), **fields}


def extension(name: str, config: Document) -> Document:
    """
    Return an extension slot: a name for statistics and logs, and the typed configuration.
    """
    return {"name": name, "typed_config": config}


def version_of(resources: tuple[Document, ...]) -> str:
    """
    Return the version of some resources: equal for equal content.
    """
    return hashlib.sha256(_serialised(resources).encode()).hexdigest()


def discovery_response(resources: tuple[Document, ...]) -> str:
    """
    Return the file that delivers `resources` (Envoy's DiscoveryResponse as JSON).
    """
    return f'{{"version_info": "{version_of(resources)}", "resources": {_serialised(resources)}}}'


def _serialised(resources: tuple[Document, ...]) -> str:
    return json.dumps(resources, sort_keys=True)
