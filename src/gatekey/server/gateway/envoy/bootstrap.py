"""What an Envoy reads once, at its start."""

from gatekey.server.gateway.envoy.listener import Front, compile_listener
from gatekey.server.gateway.envoy.resources import Document, extension, typed
from gatekey.server.gateway.envoy.sources import Sources

HUNG = "60s"
"""An Envoy one of whose threads stands still for so long ends itself, and is started again."""

LARGEST_EXPRESSION = 1000
"""Instructions of a regular expression; Envoy's default of 100 guards against foreign ones, and all here are ours."""

CONNECTIONS = 20_000
"""Envoy refuses connections beyond this, rather than run out of file descriptors."""


def compile_bootstrap(front: Front, sources: Sources, administration: str | None) -> Document:
    """Return the bootstrap of an Envoy; `administration` is the path of the socket where it answers about itself."""
    admin = {"admin": {"address": {"pipe": {"path": administration, "mode": 0o600}}}} if administration else {}
    return {
        "node": {"id": "gatekey", "cluster": "gatekey"},
        **admin,
        "dynamic_resources": {"cds_config": sources.upstreams},
        "static_resources": {"listeners": [compile_listener(front, sources)]},
        "watchdogs": {f"{thread}_watchdog": {"kill_timeout": HUNG} for thread in ("main_thread", "worker")},
        "overload_manager": {"resource_monitors": [_connection_limit()]},
        "layered_runtime": {
            "layers": [
                {"name": "expressions", "static_layer": {"re2.max_program_size.error_level": LARGEST_EXPRESSION}}
            ]
        },
    }


def _connection_limit() -> Document:
    return extension(
        "envoy.resource_monitors.global_downstream_max_connections",
        typed(
            "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
            max_active_downstream_connections=CONNECTIONS,
        ),
    )
