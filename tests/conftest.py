"""
What holds for every test: how properties are searched, and that what could not run is said aloud.
"""

import pytest
from hypothesis import settings

settings.register_profile("gatekey", deadline=None)  # a slow machine is no failure: no test asserts elapsed time
settings.load_profile("gatekey")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """
    List every skipped test under a heading that cannot be overlooked.
    """
    reasons = {_claim(report): _reason(report) for report in terminalreporter.stats.get("skipped", [])}
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
