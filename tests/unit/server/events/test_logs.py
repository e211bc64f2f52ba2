"""
Plain lines, against the renderer whose form they have.
"""

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from structlog.dev import ConsoleRenderer

from gatekey.server.events.logs import LogObserver, configure_logs, write_plainly
from gatekey.server.events.model import OAuthAnswered
from gatekey.server.events.thinning import LINES_PER_SECOND

names = st.sampled_from(["address", "status", "reason", "user_agent", "client_id"])
values = st.text() | st.none() | st.integers() | st.booleans() | st.sampled_from(["", "two words", "a=b", "it's"])
texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=50)


@given(st.dictionaries(names, values), st.sampled_from(["info", "warning", "error"]), texts)
def test_a_plain_line_is_what_structlog_writes_without_colours(said: dict[str, object], level: str, event: str) -> None:
    line = {"timestamp": "2026-11-23T11:33:44.228326Z", "level": level, "event": event, **said}
    expected = ConsoleRenderer(colors=False)(None, level, dict(line))

    assert expected == write_plainly(None, level, dict(line))


def test_a_flood_over_the_limit_is_told_in_part_and_then_in_sum(
    capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    configure_logs("text", "info")
    request.addfinalizer(structlog.reset_defaults)
    seconds = iter([5.0] * (LINES_PER_SECOND + 30) + [6.0])
    observer = LogObserver("info", lambda: next(seconds))
    for _ in range(LINES_PER_SECOND + 31):
        observer.tell(OAuthAnswered("token", "192.0.2.1", None, 429, "over the rate", "a-program"))
    observer.tell(OAuthAnswered("token", "192.0.2.1", None, 401, "wrong secret", "a-program"))
    lines = capsys.readouterr().err.splitlines()

    assert LINES_PER_SECOND + 3 == len(lines)
    assert "flood" in lines[LINES_PER_SECOND]
    assert "requests=30" in lines[LINES_PER_SECOND]
    assert ["status=429", "status=401"] == [
        line.rpartition("status=")[1] + line.rpartition("status=")[2][:3] for line in lines[-2:]
    ]
