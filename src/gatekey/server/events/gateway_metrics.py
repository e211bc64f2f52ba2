"""
What the gateway counts, joined to our own metrics.

Series are bounded by APIs, classes of statuses and kinds of trouble: clusters are summed up, clients are no label.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from threading import Lock

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

Statistics = Mapping[str, int]
"""Envoy's statistics by their own names."""

HTTP = r"http\.gateway\."
UPSTREAM = r"cluster\.[^./]+/(?P<api>[a-z]+)\."
"""An upstream is named by its cluster and its API."""


@dataclass(frozen=True, slots=True)
class Count:
    """
    A metric: each statistic that fits a pattern adds to the series with that
    pattern's labels and its named groups.
    """

    name: str
    documentation: str
    labels: tuple[str, ...]
    patterns: tuple[tuple[str, tuple[str, ...]], ...]
    gauge: bool = False


COUNTS = (
    Count(
        "gatekey_gateway_requests",
        "Calls that the gateway passed on, by API and class of the HTTP status; gRPC has 2xx whatever its own status.",
        ("api", "code"),
        ((UPSTREAM + r"upstream_rq_(?P<code>[1-5]xx)", ()),),
    ),
    Count(
        "gatekey_gateway_refused",
        "Calls that the gateway refused: for their token, its revocation, or the place they wanted to go to.",
        ("kind",),
        (
            (HTTP + r"jwt_authn\.denied", ("token",)),
            (HTTP + r"rbac\.denied", ("revocation",)),
            (HTTP + r"(?:no_route|rq_direct_response)", ("place",)),
        ),
    ),
    Count(
        "gatekey_gateway_upstream_failures",
        "Trouble with upstreams, by API: no connection, a call broken off, a call that took too long.",
        ("api", "kind"),
        (
            (UPSTREAM + r"upstream_cx_connect_fail", ("connect",)),
            (UPSTREAM + r"upstream_rq_rx_reset", ("reset",)),
            (UPSTREAM + r"upstream_rq_(?:per_try_)?timeout", ("timeout",)),
        ),
    ),
    Count("gatekey_gateway_calls", "Calls from clients.", (), ((HTTP + "downstream_rq_total", ()),)),
    Count("gatekey_gateway_connections", "Connections from clients.", (), ((HTTP + "downstream_cx_total", ()),)),
    Count(
        "gatekey_gateway_bytes",
        "Bytes from (received) and to (sent) clients.",
        ("direction",),
        (
            (HTTP + "downstream_cx_rx_bytes_total", ("received",)),
            (HTTP + "downstream_cx_tx_bytes_total", ("sent",)),
        ),
    ),
    Count("gatekey_gateway_open_calls", "Calls under way.", (), ((HTTP + "downstream_rq_active", ()),), gauge=True),
    Count(
        "gatekey_gateway_open_connections", "Connections open.", (), ((HTTP + "downstream_cx_active", ()),), gauge=True
    ),
    Count(
        "gatekey_gateway_memory_bytes",
        "Memory that the gateway's process holds.",
        (),
        ((r"server\.memory_physical_size", ()),),
        gauge=True,
    ),
)

WANTED = "^(?:" + "|".join(re.sub(r"\?P<\w+>", "", pattern) for count in COUNTS for pattern, _ in count.patterns) + ")$"
"""What Envoy is asked for: a regular expression over the names of its statistics."""


class GatewayCollector(Collector):
    """
    Asks the gateway at every scrape; `read` returns the statistics that fit a pattern, or raises OSError.

    Counters never fall: Envoy forgets those of clusters that are gone, and all when it is started again.
    """

    def __init__(self, read: Callable[[str], Statistics]) -> None:
        self._read = read
        self._last: Statistics = {}
        self._totals: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self._counting = Lock()

    def collect(self) -> Iterator[Metric]:
        """Return every metric of the gateway; one that cannot be asked is down, and keeps its counters."""
        with self._counting:  # two may scrape at once
            yield from self._collect()

    def _collect(self) -> Iterator[Metric]:
        try:
            seen = self._read(WANTED)
        except OSError:
            seen = None
        yield GaugeMetricFamily("gatekey_gateway_up", "Whether the gateway answers.", value=int(seen is not None))
        if seen is not None:
            self._add(seen)
        for count in COUNTS:
            if count.gauge:
                if seen is not None:
                    yield _family(count, sum_up(count, seen))
            else:
                own = {labels: total for (name, labels), total in self._totals.items() if name == count.name}
                yield _family(count, own)

    def _add(self, seen: Statistics) -> None:
        grown = {
            name: value - before if value >= (before := self._last.get(name, 0)) else value
            for name, value in seen.items()
        }
        self._last = seen
        for count in COUNTS:
            if not count.gauge:
                for labels, value in sum_up(count, grown).items():
                    self._totals[count.name, labels] += value


def sum_up(count: Count, statistics: Statistics) -> dict[tuple[str, ...], int]:
    """Return the values of a metric by its labels."""
    sums: Counter[tuple[str, ...]] = Counter()
    for pattern, fixed in count.patterns:
        matcher = re.compile(pattern)
        for name, value in statistics.items():
            found = matcher.fullmatch(name)
            if found:
                sums[*found.groups(), *fixed] += value
    return dict(sums)


def _family(count: Count, values: Mapping[tuple[str, ...], int]) -> Metric:
    kind = GaugeMetricFamily if count.gauge else CounterMetricFamily
    family = kind(count.name, count.documentation, labels=count.labels)
    for labels, value in sorted(values.items()):
        family.add_metric(labels, value)
    return family
