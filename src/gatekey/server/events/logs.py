"""Events as log lines on standard error."""

import contextlib
import logging
import sys
import time
from collections.abc import Callable, MutableMapping
from enum import StrEnum
from typing import Any, Literal

import structlog

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
from gatekey.server.events.thinning import Thinning

REFUSED = 400
"""HTTP statuses from here on are worth a warning."""

LIMITED = 429

Answered = OAuthAnswered | SecretsRead | CallDecided | ConfigurationGiven
"""Events that tell of one answer with its HTTP status."""

SUBJECTS = {SecretsRead: "secrets", CallDecided: "decision", ConfigurationGiven: "configuration"}
"""What an answer was about, where the event does not say it."""


SPLITTING = frozenset(" \t=\r\n\"'")
"""A text with one of these stands in quotation marks, so that a line's words can be told apart."""


def configure_logs(form: Literal["text", "json"], level: Literal["info", "debug"]) -> None:
    """Send our lines and those of libraries (warnings and worse) to standard error in one form."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else write_plainly
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.EventRenamer("message"),
            renderer,
        ]
        if form == "json"
        else [
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")


def write_plainly(_logger: object, _method: str, values: MutableMapping[str, Any]) -> str:
    """
    Return the line that structlog's renderer for terminals makes without colours, in a fifth of its time: a refused
    request, of which there may be thousands a second, costs less than a granted one only so.
    """
    head = f"{values.pop('timestamp')} [{values.pop('level'):<9}] {values.pop('event'):<30}"
    return " ".join((head, *(f"{name}={_word(value)}" for name, value in sorted(values.items())))).rstrip(" ")


def _word(value: object) -> str:
    return value if isinstance(value, str) and not SPLITTING.intersection(value) else repr(value)


class LogObserver:
    """
    The `Observer` port over structlog. Values from requests are escaped: a line stays one line.

    What went well is told at level debug only: at full load a line a token would cost more than the token's signature.
    In a flood of refusals over a limit most are only counted, or the log would be a flood too; `gatekey limits` knows
    all of them.
    """

    def __init__(self, level: Literal["info", "debug"], now: Callable[[], float] = time.monotonic) -> None:
        self._log = structlog.get_logger()
        self._tells_successes = level == "debug"
        self._flood = Thinning(now)

    def tell(self, event: Event) -> None:
        """Write one line."""
        if isinstance(event, Answered) and event.status < REFUSED and not self._tells_successes:
            return
        if isinstance(event, OAuthAnswered) and event.status == LIMITED and not self._flood.admits():
            return
        # Nobody may be there to read any more (`gatekey serve 2>&1 | head`); requests are answered all the same.
        with contextlib.suppress(OSError, ValueError):
            self._write(event)

    def _write(self, event: Event) -> None:
        # All its fields, by name: `asdict` would copy each value deeply, which is a tenth of a refused request.
        if left_out := self._flood.take_left_out():
            self._log.warning("flood", requests=left_out, reason="over a limit, and not written one by one")
        values = {name: _one_line(getattr(event, name)) for name in event.__match_args__}
        match event:
            case OAuthAnswered() | SecretsRead() | CallDecided() | ConfigurationGiven():
                text = f"{values.pop('endpoint', SUBJECTS.get(type(event)))} request"
                write = self._log.debug if event.status < REFUSED else self._log.warning
                write(text, **values)
            case CallerDoubted():
                self._log.warning("proxy", **values)
            case GatewayChanged():
                self._log.info("gateway", **values)
            case Failed():
                del values["lasts"]
                self._log.error("failed", **values)
            case Recovered():
                self._log.warning("recovered", **values)


def _one_line(value: object) -> object:
    if isinstance(value, StrEnum):
        return value.value  # a member's repr would stand where a word with a blank does
    if not isinstance(value, str) or value.isprintable():
        return value
    return value.encode("unicode_escape").decode("ascii")
