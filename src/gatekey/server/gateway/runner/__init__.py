"""
Runs the Envoy that guards the APIs.

Owns one child process and its files: finds the binary, starts it, waits until it is ready, swaps its configuration,
starts it again when it dies, ends it. Owns the files, too, that gateways on other machines are answered from. Calls
never pass through Python.

Refuses to decide anything about calls: `envoy` compiles the policy, this delivers it. Listens on no port itself.

Serves `run`, which starts it, tells it every new view of clusters and keys, and hears of its events.
"""

from gatekey.server.gateway.runner.gateway import Gateway
from gatekey.server.gateway.runner.model import (
    AddressTaken,
    ConfigurationApplied,
    ConfigurationRejected,
    Died,
    EnvoyMissing,
    GatewayEvent,
    GatewayFailed,
    LogLine,
    Restarted,
    Started,
)

__all__ = [
    "AddressTaken",
    "ConfigurationApplied",
    "ConfigurationRejected",
    "Died",
    "EnvoyMissing",
    "Gateway",
    "GatewayEvent",
    "GatewayFailed",
    "LogLine",
    "Restarted",
    "Started",
]
