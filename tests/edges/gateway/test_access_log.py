"""
What the gateway writes of calls: who called what and why it was refused, and nothing that opens anything.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from gatekey.server.gateway.policy.model import AccessLog, Address, GuardedCluster
from gatekey.server.gateway.policy.revocations import FOREVER, Named, Subject
from support.gateway import TOPOLOGY, A, Stand, standing, wait_until

Lines = Callable[[int], list[dict[str, Any]]]
SECRET = "secret-in-the-query"


@pytest.fixture
def lines(capfd: pytest.CaptureFixture[str]) -> Lines:
    """Wait for so many lines on the gateway's standard output, which is ours."""
    seen = ""

    def read(number: int) -> list[dict[str, Any]]:
        def are_there() -> bool:
            nonlocal seen
            seen += capfd.readouterr().out
            return seen.count("\n") >= number

        wait_until(are_there)
        return [json.loads(line) for line in seen.splitlines()]

    return read


@contextmanager
def writing(folder: Path, which: AccessLog, **changes: Any) -> Iterator[Stand]:
    with standing(folder, access_log=which, **changes) as stand:
        yield stand


def test_a_line_says_who_called_what_and_how_it_went(tmp_path: Path, lines: Lines) -> None:
    with writing(tmp_path, AccessLog.ALL) as stand:
        answer = stand.ask("/v2/topology?a=b", stand.bearer(), host="gateway.test", body=b"question")
        (line,) = lines(1)

    expected = {
        "address": "127.0.0.1",
        "authority": "gateway.test",
        "bytes_received": len(b"question"),
        "bytes_sent": len(answer.body),
        "client": "client-of-the-test",
        "cluster": A,
        "details": "via_upstream",
        "flags": "-",
        "grpc_status": None,
        "method": "POST",
        "path": "/v2/topology",
        "protocol": "HTTP/1.1",
        "request_id": answer.document["headers"]["x-request-id"],
        "status": 200,
        "upstream": f"{A}/rest",
    }
    assert expected == {name: value for name, value in line.items() if name not in {"time", "milliseconds"}}
    assert (int, "Z") == (type(line["milliseconds"]), line["time"][-1])


def test_no_token_and_no_query_is_written_whether_calls_pass_or_not(tmp_path: Path, lines: Lines) -> None:
    with writing(tmp_path, AccessLog.ALL) as stand:
        good, bad = stand.issuer.token(), f"{stand.issuer.token()}x"
        for token in (good, bad):
            header = ("authorization", f"Bearer {token}")
            stand.ask(f"/v2/topology?access_token={SECRET}", [header, ("x-request-id", token)])
            stand.ask(f"/nothing?a=b&c={SECRET}", [header, header])
            stand.ask("/v2/topology", [("x-gatekey-client", token), ("referer", token), ("user-agent", token)])
        written = json.dumps(lines(6))

    parts = {part for token in (good, bad) for part in token.split(".")}
    assert [] == [part for part in [*parts, SECRET] if part in written]


def test_refusals_say_why(tmp_path: Path, lines: Lines) -> None:
    silent = GuardedCluster(A, "local", Address("127.0.0.1", 1), Address("127.0.0.1", 1))
    with writing(tmp_path, AccessLog.REFUSED, revocations={Subject(Named.CLIENT, "gone"): FOREVER}) as stand:
        stand.ask("/v2/topology", stand.bearer())
        with pytest.raises(grpc.RpcError):
            stand.call(TOPOLOGY)
        stand.ask("/v2/topology", [("authorization", f"Bearer {stand.issuer.token(sub='gone')}")])
        stand.ask("/nothing", stand.bearer())
        stand.apply(clusters=(silent,))
        stand.ask("/v2/topology", stand.bearer())
        written = lines(4)

    assert ["jwt_authn_access_denied", "rbac_access_denied", "route_not_found", "upstream_reset"] == [
        next(start for start in STARTS if line["details"].startswith(start)) for line in written
    ]
    assert [(None, 16), ("gone", None), ("client-of-the-test", None), ("client-of-the-test", None)] == [
        (line["client"], line["grpc_status"]) for line in written
    ]
    assert [401, 404, 503] == [line["status"] for line in written[1:]]
    assert "UF" in written[3]["flags"]


STARTS = ("jwt_authn_access_denied", "rbac_access_denied", "route_not_found", "upstream_reset", "via_upstream")


def test_nothing_is_written_where_nothing_is_wanted(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with writing(tmp_path, AccessLog.OFF) as stand:
        stand.ask("/v2/topology", stand.bearer())
        stand.ask("/v2/topology")

    assert "" == capfd.readouterr().out
