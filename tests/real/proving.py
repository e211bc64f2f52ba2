"""
The report of scripts/prove: what was tried, and with which server.
"""

import os

import pytest

SERVER_VERSION = pytest.StashKey[str]()
"""The version of the server that scripts/prove was given."""

VERDICTS = {"passed": "passed", "failed": "FAILED", "error": "FAILED", "skipped": "not run"}


def report_proof(terminalreporter: pytest.TerminalReporter) -> None:
    """
    Print every claim with its verdict.
    """
    version = terminalreporter.config.stash.get(SERVER_VERSION, "of unknown version")
    terminalreporter.section(f"Server {version} at {os.environ['PROVE_GRPC']} and {os.environ['PROVE_REST']}")
    for outcome, verdict in VERDICTS.items():
        for report in terminalreporter.stats.get(outcome, []):
            _, _, claim = report.nodeid.partition("::test_")
            terminalreporter.line(f"{verdict:8}{claim.replace('_', ' ')}")
