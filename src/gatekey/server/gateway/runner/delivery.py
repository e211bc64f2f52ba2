"""Changing a running Envoy without dropping a connection."""

import asyncio
import contextlib
import http.client

from gatekey.server.gateway.envoy.listener import STATISTICS
from gatekey.server.gateway.envoy.resources import (
    BASE,
    DELTA,
    JWT_AUTHN,
    ROUTES,
    Part,
    Resources,
    Response,
    discovery_response,
)
from gatekey.server.gateway.runner.envoy import POLL, Envoy
from gatekey.server.gateway.runner.files import RunFolder
from gatekey.server.gateway.runner.model import ConfigurationRejected, GatewayFailed

TAKEN_TIMEOUT = 10.0
"""Seconds; Envoy takes a change of a thousand clusters in less than one."""

_FILTERS = "extension_config_discovery.http_filter"
SUBJECTS = {
    Part.JWT_AUTHN: f"{_FILTERS}.{JWT_AUTHN}",
    Part.DELTA: f"{_FILTERS}.{DELTA}",
    Part.BASE: f"{_FILTERS}.{BASE}",
    Part.UPSTREAMS: "cluster_manager.cds",
    Part.ROUTES: f"http.{STATISTICS}.rds.{ROUTES}",
}
"""The prefixes of the statistics in which Envoy says what it has taken."""


async def deliver(envoy: Envoy, folder: RunFolder, old: Resources, new: Resources) -> None:
    """
    Give Envoy the parts in which `new` differs from `old`, each when it has taken the one before.

    Returns when it has taken all, or is gone and will read them at its next start. Raises ConfigurationRejected.
    """
    for part in Part:
        if new.of(part) != old.of(part):
            await _send(envoy, folder, part, discovery_response(new.of(part)))


async def confirm(envoy: Envoy, resources: Resources) -> None:
    """
    Raise GatewayFailed unless Envoy has taken all of `resources`: it becomes ready without them too, and refuses
    all.
    """
    seen = await _statistics(envoy, "version_text")
    expected = {
        f"{subject}.version_text": discovery_response(resources.of(part)).version for part, subject in SUBJECTS.items()
    }
    if not expected.items() <= seen.items():
        raise GatewayFailed(envoy.last_lines)


async def _send(envoy: Envoy, folder: RunFolder, part: Part, response: Response) -> None:
    subject = SUBJECTS[part]
    pattern = f"^{subject}.(version_text|update_rejected|config_fail)$"
    refused_before = _refusals(await _statistics(envoy, pattern))
    folder.write_part(part, response)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(TAKEN_TIMEOUT):
            while envoy.alive:
                seen = await _statistics(envoy, pattern)
                if seen.get(f"{subject}.version_text") == response.version:
                    return
                if _refusals(seen) > refused_before:
                    break
                await asyncio.sleep(POLL)
    if envoy.alive:
        raise ConfigurationRejected(envoy.last_lines)


async def _statistics(envoy: Envoy, pattern: str) -> dict[str, str]:
    try:
        return await envoy.administration.statistics(pattern)
    except (OSError, http.client.HTTPException):  # Envoy is gone; its successor reads the files
        return {}


def _refusals(statistics: dict[str, str]) -> int:
    return sum(int(value) for name, value in statistics.items() if not name.endswith("version_text"))
