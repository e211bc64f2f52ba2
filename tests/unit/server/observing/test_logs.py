"""
Plain lines, against the renderer whose form they have.
"""

from hypothesis import given
from hypothesis import strategies as st
from structlog.dev import ConsoleRenderer

from gatekey.server.observing.logs import write_plainly

names = st.sampled_from(["address", "status", "reason", "user_agent", "client_id"])
values = st.text() | st.none() | st.integers() | st.booleans() | st.sampled_from(["", "two words", "a=b", "it's"])
texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=50)


@given(st.dictionaries(names, values), st.sampled_from(["info", "warning", "error"]), texts)
def test_a_plain_line_is_what_structlog_writes_without_colours(said: dict[str, object], level: str, event: str) -> None:
    line = {"timestamp": "2026-11-23T11:33:44.228326Z", "level": level, "event": event, **said}
    expected = ConsoleRenderer(colors=False)(None, level, dict(line))

    assert expected == write_plainly(None, level, dict(line))
