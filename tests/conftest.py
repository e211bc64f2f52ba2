"""
What holds for every test: how properties are searched, how workers share the tests, and that what could not run is
said aloud.
"""

import os

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling, Scheduling

settings.register_profile("gatekey", deadline=None)  # a slow machine is no failure: no test asserts elapsed time
settings.register_profile("branches", deadline=None, derandomize=True, max_examples=25)
settings.load_profile("gatekey")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """
    List every skipped test under a heading that cannot be overlooked.
    """
    reasons = {_claim(report): _reason(report) for report in terminalreporter.stats.get("skipped", [])}
    if os.environ.get("GATEKEY_TEST_REAL") == "0":
        reasons["tests/real"] = "real clients and verifiers of tokens, because GATEKEY_TEST_REAL=0"
    if not reasons:
        return
    terminalreporter.section("NOT RUN", sep="!", red=True, bold=True)
    for claim, reason in reasons.items():
        terminalreporter.line(f"{claim}: {reason}", red=True)


def _claim(report: pytest.TestReport) -> str:
    return report.nodeid


def _reason(report: pytest.TestReport) -> str:
    place_and_reason = report.longrepr
    return str(place_and_reason[2] if isinstance(place_and_reason, tuple) else place_and_reason).removeprefix(
        "Skipped: "
    )


class ByFile(LoadFileScheduling):  # type: ignore[misc] # xdist ships no types
    """
    A worker gets a whole file, so that what its tests share is made once. What takes longest comes first.
    """

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


LONGEST_FIRST = ["tests/real/", "tests/journeys/", "tests/edges/", "tests/docs/"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    Sort stably by how long tests of a folder take, so that workers do not end with the longest.
    """
    items.sort(key=lambda item: [not item.nodeid.startswith(folder) for folder in LONGEST_FIRST])
