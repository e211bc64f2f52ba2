"""Where an Envoy finds what changes."""

from dataclasses import dataclass

from gatekey.server.gateway.envoy.resources import Document

LOOK = "0.2s"
"""
Between an answer of the service and the next question; Envoy makes it up to twice as long, so that a thousand gateways
do not ask at once. The service itself holds a question until there is something to say.
"""

PATIENCE = "60s"
"""How long a question may be open: longer than the service ever holds one."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of the changing parts and of the listener's certificate, as Envoy's ConfigSource."""

    jwt_authn: Document
    delta: Document
    base: Document
    upstreams: Document
    routes: Document
    certificate: Document


def file_source(path: str) -> Document:
    """Return the source that is a file, read again whenever another one is renamed to its place."""
    return {"resource_api_version": "V3", "path_config_source": {"path": path}}


def service_sources(upstream: str) -> Sources:
    """
    Return the sources for an Envoy that asks the service, which is its static `upstream`.

    Envoy takes no call before it has been told everything: there is no time after which it would start without.
    """
    source = {
        "resource_api_version": "V3",
        "initial_fetch_timeout": "0s",
        "api_config_source": {
            "api_type": "REST",
            "transport_api_version": "V3",
            "cluster_names": [upstream],
            "refresh_delay": LOOK,
            "request_timeout": PATIENCE,
        },
    }
    return Sources(source, source, source, source, source, source)
