"""
Events as Prometheus counters, for one process or several.

No label has more values than there are endpoints and statuses: an address or a client id would let strangers fill the
memory.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gatekey.errors import ServiceError, StorageUnavailable
from gatekey.server.events.model import (
    CallDecided,
    CallerDoubted,
    ConfigurationGiven,
    Event,
    Failed,
    GatewayChanged,
    OAuthAnswered,
    Recovered,
    SecretsRead,
)

if TYPE_CHECKING:
    from prometheus_client.core import Metric

BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1.0)
"""Seconds; an answer takes a tenth of a millisecond, and one that waits for the database a few."""

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which prometheus_client learns, when it is imported, that several processes count together."""


def count_together(folder: Path) -> None:
    """Let the processes started from now on count into one folder. Call it before anything is counted."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for old in folder.glob("*.db"):
        old.unlink()
    os.environ[SHARED_FOLDER] = str(folder)


def forget_process(process_id: int) -> None:
    """Let the outages of a process end with it. Its counts stay."""
    if SHARED_FOLDER in os.environ:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(process_id)  # type: ignore[no-untyped-call] # the library's own gap


class MetricsObserver:
    """The `Observer` port over prometheus_client."""

    def __init__(self) -> None:
        from prometheus_client import Counter, Gauge, Histogram  # only where metrics are wanted: it costs 10 MB

        self._answers = Counter(
            "gatekey_requests", "Requests answered, by endpoint and HTTP status.", ("endpoint", "status")
        )
        self._failures = Counter("gatekey_failures", "Faults of our own, by where they happened.", ("where",))
        self._doubts = Counter("gatekey_doubted_proxies", "Proxies whose word on their callers is doubted.")
        self._outages = Gauge(
            "gatekey_outages",
            "Processes in which something is out of order just now, by what it is.",
            ("where",),
            multiprocess_mode="livesum",
        )
        self._outcomes = Counter(
            "gatekey_outcomes",
            "Requests to the OAuth endpoints, by how they ended and what the limit said.",
            ("endpoint", "outcome", "verdict"),
        )
        self._seconds = Histogram(
            "gatekey_token_seconds", "How long answers of the token endpoint took, in seconds.", buckets=BUCKETS
        )
        self._changes = Counter("gatekey_gateway_changes", "Starts, ends and new configurations of the gateway.")
        self._known: dict[tuple[str, int], Counter] = {}

    def tell(self, event: Event) -> None:
        """Count one event."""
        match event:
            case OAuthAnswered():
                self._count_answer(event)
            case SecretsRead():
                self._count("secrets", event.status)
            case CallDecided():
                self._count("decision", event.status)
            case CallerDoubted():
                self._doubts.inc()
            case ConfigurationGiven():
                self._count("configuration", event.status)
            case GatewayChanged():
                self._changes.inc()
            case Failed():
                self._failures.labels(event.where).inc()
                if event.lasts:
                    self._outages.labels(event.where).set(1)
            case Recovered():
                self._outages.labels(event.where).set(0)

    def _count_answer(self, event: OAuthAnswered) -> None:
        self._count(event.endpoint, event.status)
        self._outcomes.labels(event.endpoint, event.outcome.value, event.verdict.value).inc()
        if event.endpoint == "token":
            self._seconds.observe(event.seconds)

    def _count(self, endpoint: str, status: int) -> None:
        counter = self._known.get((endpoint, status))
        if counter is None:
            counter = self._known[endpoint, status] = self._answers.labels(endpoint, str(status))
        counter.inc()


class LevelCollector:
    """Levels that are looked up with each scrape, by name: how many there are now."""

    def __init__(self, levels: Mapping[str, tuple[str, Callable[[], float]]]) -> None:
        self._levels = levels

    def collect(self) -> Iterator["Metric"]:
        """Yield each level that can be read; one that cannot is left out of this scrape."""
        from prometheus_client.core import GaugeMetricFamily

        for name, (words, read) in self._levels.items():
            with suppress(StorageUnavailable):
                yield GaugeMetricFamily(name, words, value=read())


def serve_metrics(
    address: str,
    gateway: Callable[[str], Mapping[str, int]] | None,
    levels: Mapping[str, tuple[str, Callable[[], float]]],
) -> None:
    """
    Answer scrapes on an address of their own, from a thread. Raises `ServiceError` when it is taken.

    `levels` are read with each scrape: what each means, and how it is read (may raise `StorageUnavailable`). `gateway`
    returns those of Envoy's statistics that fit a pattern, or raises OSError; None where there is no gateway.
    """
    from prometheus_client import REGISTRY, CollectorRegistry, start_http_server
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = REGISTRY
    if SHARED_FOLDER in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # the library's own gap
    if gateway is not None:
        from gatekey.server.events.gateway_metrics import GatewayCollector

        registry.register(GatewayCollector(gateway))
    registry.register(LevelCollector(levels))
    host, _, port = address.rpartition(":")
    try:
        start_http_server(int(port), host.strip("[]"), registry)
    except OSError as error:
        raise ServiceError(
            f"Metrics cannot be served on {address}: {(error.strerror or 'unknown').lower()}.",
            hint="Choose another address with GATEKEY_METRICS.",
        ) from error
