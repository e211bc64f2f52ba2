"""
Changing a running Envoy without dropping a connection.
"""

import asyncio
import contextlib
import http.client
from collections.abc import Callable
from dataclasses import dataclass

from gatekey.server.dataplane.envoy import POLL, Envoy
from gatekey.server.dataplane.files import RunFolder
from gatekey.server.dataplane.model import ConfigurationRejected, GatewayFailed
from gatekey.server.guarding.compile.bootstrap import STATISTICS
from gatekey.server.guarding.compile.resources import ROUTES, VERIFICATION, Document, Resources, version_of

TAKEN_TIMEOUT = 10.0
"""Seconds; Envoy takes a change of a thousand clusters in less than one."""


_VERIFICATION = f"extension_config_discovery.http_filter.{VERIFICATION}"
_UPSTREAMS = "cluster_manager.cds"
_ROUTES = f"http.{STATISTICS}.rds.{ROUTES}"
"""The prefixes of the statistics in which Envoy says what it has taken."""


async def deliver(envoy: Envoy, folder: RunFolder, old: Resources, new: Resources) -> None:
    """
    Bring Envoy from `old` to `new`; return when it has taken all, or is gone and will read it at its next start.

    Upstreams come before the routes that lead to them and go after them, so no call meets a route to nowhere. Raises
    ConfigurationRejected when Envoy refuses; the files then say `old` again.
    """
    verification = _Channel(envoy, _VERIFICATION, folder.write_verification, old.verification)
    upstreams = _Channel(envoy, _UPSTREAMS, folder.write_upstreams, old.upstreams)
    routes = _Channel(envoy, _ROUTES, folder.write_routes, old.routes)
    try:
        await verification.send(new.verification)
        await upstreams.send(_merged(old.upstreams, new.upstreams))
        await routes.send(new.routes)
        await upstreams.send(new.upstreams)
    except ConfigurationRejected:
        folder.write(old)
        raise


async def confirm(envoy: Envoy, resources: Resources) -> None:
    """
    Raise GatewayFailed unless Envoy has taken all of `resources`: it becomes ready without them too, and refuses all.
    """
    seen = await _statistics(envoy, "version_text")
    expected = {
        f"{_VERIFICATION}.version_text": version_of(resources.verification),
        f"{_UPSTREAMS}.version_text": version_of(resources.upstreams),
        f"{_ROUTES}.version_text": version_of(resources.routes),
    }
    if not expected.items() <= seen.items():
        raise GatewayFailed(envoy.last_words)


def _merged(old: tuple[Document, ...], new: tuple[Document, ...]) -> tuple[Document, ...]:
    """
    Return the new upstreams and behind them the old ones that are to go.
    """
    kept = {document["name"] for document in new}
    return (*new, *(document for document in old if document["name"] not in kept))


@dataclass(slots=True)
class _Channel:
    """
    One of Envoy's discovery services: `subject` is the prefix of its statistics, `latest` what was sent last.
    """

    envoy: Envoy
    subject: str
    write: Callable[[tuple[Document, ...]], None]
    latest: tuple[Document, ...]

    async def send(self, documents: tuple[Document, ...]) -> None:
        if documents == self.latest:
            return
        self.latest = documents
        refused_before = _refusals(await self._seen())
        self.write(documents)
        version = version_of(documents)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TAKEN_TIMEOUT):
                while self.envoy.alive:
                    seen = await self._seen()
                    if seen.get(f"{self.subject}.version_text") == version:
                        return
                    if _refusals(seen) > refused_before:
                        break
                    await asyncio.sleep(POLL)
        if self.envoy.alive:
            raise ConfigurationRejected(self.envoy.last_words)

    async def _seen(self) -> dict[str, str]:
        return await _statistics(self.envoy, f"^{self.subject}.(version_text|update_rejected|config_fail)$")


async def _statistics(envoy: Envoy, pattern: str) -> dict[str, str]:
    try:
        return await envoy.administration.statistics(pattern)
    except (OSError, http.client.HTTPException):  # Envoy is gone; its successor reads the files
        return {}


def _refusals(statistics: dict[str, str]) -> int:
    return sum(int(value) for name, value in statistics.items() if not name.endswith("version_text"))
