"""
`gatekey doctor` against real servers on loopback.
"""

import base64
import json
import stat
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from functools import cache
from pathlib import Path

import grpc
import pytest

from gatekey import DiskCache, Token, TokenRefused, TokenSource
from gatekey.client.doctor.file_checks import READ_ALONE
from gatekey.oauth.fields import FORM
from gatekey.oauth.token_answer import encode_error, encode_success
from gatekey.oauth.token_request import TokenRequest, read_request
from support.command import run_command
from support.ports import free_port
from support.scripted_server import Answer, Asked, Raw, Reply, Server, serving

SECRET = "hidden-secret"


class Installation:
    """
    Answers as the service and the gateway together would; a test puts another reply at a path.
    """

    def __init__(self, **replies: Reply) -> None:
        self.replies = replies

    def __call__(self, asked: Asked) -> Reply:
        name = {"/oauth/token": "token", "/secrets": "secrets"}.get(asked.path, "rest")
        if name == "rest" and "Authorization" not in asked.headers:
            name = "bare"
        return self.replies.get(name) or self._well(name, asked)

    def _well(self, name: str, asked: Asked) -> Reply:
        if name == "bare":
            return Answer(401)
        if name == "secrets":
            return Answer(200, b'{"A":"hidden-value"}')
        return self._granted(asked) if name == "token" else Answer(200, b"{}")

    @staticmethod
    def _granted(asked: Asked) -> Answer:
        request = read_request(FORM, None, asked.body)
        assert isinstance(request, TokenRequest)
        now = int(time.time())
        claims = json.dumps({"aud": request.audience, "iat": now, "exp": now + 3600}).encode()
        token = f"e30.{base64.urlsafe_b64encode(claims).decode()}.hidden-signature"
        return Answer(200, encode_success(token, 3600, "cluster"))


def topology(_: bytes, context: grpc.ServicerContext) -> bytes:
    """
    The one call that the gateway answers, if it comes with a token.
    """
    authorization = str(dict(context.invocation_metadata()).get("authorization", ""))
    if not authorization.startswith("Bearer "):
        context.abort(grpc.StatusCode.UNAUTHENTICATED, "no token")
    return b""


@cache
def grpc_gateway() -> tuple[grpc.Server, int]:
    """
    A gateway for gRPC and its port; it ends when nothing refers to it any more.
    """
    calls = {"Topology": grpc.unary_unary_rpc_method_handler(topology)}
    handler = grpc.method_handlers_generic_handler("gateway_protocol.Gateway", calls)
    gateway = grpc.server(ThreadPoolExecutor(2), [handler])
    port: int = gateway.add_insecure_port("127.0.0.1:0")
    gateway.start()
    return gateway, port


def values_for(server: Server, **changes: str) -> dict[str, str]:
    return {
        **dict.fromkeys(READ_ALONE, "x"),
        "ZEEBE_ADDRESS": f"localhost:{grpc_gateway()[1]}",
        "ZEEBE_CLIENT_ID": "id",
        "ZEEBE_CLIENT_SECRET": SECRET,
        "CAMUNDA_CLIENT_ID": "id",
        "CAMUNDA_CLIENT_SECRET": SECRET,
        "ZEEBE_AUTHORIZATION_SERVER_URL": f"{server.url}/oauth/token",
        "CAMUNDA_OAUTH_URL": f"{server.url}/oauth/token",
        "ZEEBE_REST_ADDRESS": f"{server.url}/cluster",
        "ZEEBE_TOKEN_AUDIENCE": "zeebe.camunda.io",
        "CAMUNDA_CREDENTIALS_SCOPES": "Zeebe,Secrets",
        **changes,
    }


def run(folder: Path, values: Mapping[str, str], *options: str, **environment: str) -> tuple[int, str]:
    """
    Write the file, run the command, return its exit code and output.
    """
    path = folder / "my-app.env"
    path.write_text("".join(f"export {name}='{value}'\n" for name, value in values.items()))
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    return examine(path, *options, **environment)


def examine(path: Path, *options: str, **environment: str) -> tuple[int, str]:
    surroundings = {"GATEKEY_CACHE": str(path.parent), **environment}
    done = run_command("doctor", path, *options, environment=surroundings)
    assert "hidden" not in done.stdout + done.stderr
    assert "" == done.stderr
    return done.returncode, "\n".join(" ".join(line.split()) for line in done.stdout.splitlines())


def wrong_checks(output: str) -> list[str]:
    return [line.split()[1] for line in output.splitlines() if line.startswith("✘")]


def test_a_healthy_installation_is_well(tmp_path: Path) -> None:
    with serving(Installation()) as server:
        code, output = run(tmp_path, values_for(server))

    assert (0, []) == (code, wrong_checks(output))
    assert "✔ token granted for zeebe.camunda.io, valid for 60 min" in output
    assert "✔ rest-guard calls without a token are refused (401)" in output
    assert "✔ grpc Topology answers with the token" in output
    assert "✔ secrets the Secrets API answers, 1 in the cluster" in output
    assert output.endswith("All is well.")
    assert 2 == sum(asked.path == "/oauth/token" for asked in server.asked)


def test_json_tells_the_same(tmp_path: Path) -> None:
    with serving(Installation()) as server:
        code, output = run(tmp_path, values_for(server), "--json")

    told = json.loads(output)
    assert (0, True, str(tmp_path / "my-app.env")) == (code, told["ok"], told["file"])
    assert {"check": "file", "outcome": "fine", "found": f"{tmp_path / 'my-app.env'} has 11 names", "cure": ""} == told[
        "findings"
    ][0]


REFUSED = Answer(401, encode_error("invalid_client", f"wrong {SECRET}"))
LIMITED = Answer(429, b"", (("Retry-After", "60"),))


@pytest.mark.parametrize(
    ("replies", "check", "words"),
    [
        ({"token": REFUSED}, "token", "the client was deleted"),
        ({"token": Answer(403, encode_error("access_denied", "no"))}, "token", "lacks the scope"),
        ({"token": LIMITED}, "token", "All requests from this address count"),
        ({"token": Answer(503)}, "token", "Nothing is wrong with your credentials"),
        ({"token": Answer(200, b"<html>hidden</html>")}, "token", "Check the token URL"),
        ({"token": Raw()}, "token-http", "the connection broke off"),
        ({"token": Raw(b"SSH-2.0\r\n")}, "token-http", "it does not speak HTTP"),
        ({"rest": Answer(401)}, "rest", "refuses the token"),
        ({"rest": Answer(503)}, "rest", "check that the cluster runs"),
        ({"bare": Raw()}, "rest", "the connection broke off"),
        ({"secrets": Answer(403)}, "secrets", "Grant the Secrets scope"),
    ],
)
def test_one_fault_is_named_with_its_cure(tmp_path: Path, replies: dict[str, Reply], check: str, words: str) -> None:
    with serving(Installation(**replies)) as server:
        code, output = run(tmp_path, values_for(server))

    assert (1, [check]) == (code, wrong_checks(output))
    assert words in output
    assert output.endswith("1 wrong.")


def test_a_dead_upstream_of_grpc_is_never_well(tmp_path: Path) -> None:
    with serving(Installation()) as server:
        code, output = run(tmp_path, values_for(server, ZEEBE_ADDRESS=f"localhost:{server.port}"))

    assert (1, ["grpc"]) == (code, wrong_checks(output))
    assert "UNAVAILABLE" in output


def test_without_grpcio_it_is_said_that_no_call_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Installation()) as server:
        values = values_for(server)
        for module in ("grpc", "gatekey.client.integrations.grpc_call"):
            monkeypatch.setitem(sys.modules, module, None)  # importing it fails now
        code, output = run(tmp_path, values)

    assert 0 == code
    assert "! grpc 127.0.0.1 port" in output
    assert "no call was tried: grpcio is not installed" in output
    assert output.endswith("It works; 1 to look at.")


def test_an_open_api_is_a_warning_and_no_failure(tmp_path: Path) -> None:
    with serving(Installation(bare=Answer(200))) as server:
        code, output = run(tmp_path, values_for(server))

    assert 0 == code
    assert "! rest-guard the REST API answers without a token" in output
    assert output.endswith("It works; 1 to look at.")


def test_a_clock_that_is_wrong_is_found_by_the_date_header(tmp_path: Path) -> None:
    # http.server puts its own, right date in front: this answer is written by hand.
    date, body = formatdate(time.time() + 3600, usegmt=True), encode_success("t", 3600, "")
    head = f"HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with serving(Installation(token=Raw(head + body))) as server:
        code, output = run(tmp_path, values_for(server, CAMUNDA_CREDENTIALS_SCOPES="Zeebe"))

    assert (1, ["clock"]) == (code, wrong_checks(output))
    assert "60 min behind the server" in output


def test_a_service_that_is_not_there_is_named_at_the_first_step(tmp_path: Path) -> None:
    port = free_port()
    with serving(Installation()) as server:
        url = f"http://localhost:{port}/oauth/token"
        values = values_for(server, ZEEBE_AUTHORIZATION_SERVER_URL=url, CAMUNDA_OAUTH_URL=url)
        code, output = run(tmp_path, values)

    assert (1, ["token-tcp"]) == (code, wrong_checks(output))
    assert f"localhost port {port}: nothing accepts connections there" in output
    assert "grpc 127.0.0.1" in output


@pytest.mark.parametrize("content", ["", "no equals sign hidden", None])
def test_a_file_that_is_none_is_told_and_nothing_is_sent(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "my-app.env"
    if content is not None:
        path.write_text(content)

    code, output = examine(path)

    assert 1 == code
    assert "✘ file" in output


@pytest.mark.parametrize("content", [None, "garbage"])
def test_a_certificate_file_that_cannot_be_used_is_named_and_the_report_complete(
    tmp_path: Path, content: str | None
) -> None:
    authority = tmp_path / "ca.pem"
    if content:
        authority.write_text(content)
    with serving(Installation()) as server:
        code, output = run(tmp_path, values_for(server, ZEEBE_CA_CERTIFICATE_PATH=str(authority)))

    assert (1, ["certificates"]) == (code, wrong_checks(output))
    assert f"{authority} cannot be used: " in output
    assert output.endswith("1 wrong.")
    assert [] == server.asked


def test_a_terminal_without_the_marks_gets_plain_ones(tmp_path: Path) -> None:
    with serving(Installation(token=REFUSED)) as server:
        code, output = run(tmp_path, values_for(server), PYTHONUTF8="0", PYTHONIOENCODING="ascii:replace")

    assert 1 == code
    assert "+ file" in output
    assert "x token " in output


def test_a_token_that_the_doctor_got_ends_a_remembered_refusal(tmp_path: Path) -> None:
    installation = Installation(token=REFUSED)
    with serving(installation) as server:
        values = values_for(server)

        def ask() -> Token:
            return TokenSource(
                token_url=values["CAMUNDA_OAUTH_URL"],
                client_id="id",
                client_secret=SECRET,
                cache=DiskCache(tmp_path / "tokens"),
            ).token()

        with pytest.raises(TokenRefused):
            ask()
        installation.replies.clear()
        with pytest.raises(TokenRefused):
            ask()
        run(tmp_path, values)

        assert ask()
