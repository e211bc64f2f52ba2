"""
What a hostile caller tries besides forging tokens: names, paths, framing.
"""

import http.client
import socket
from collections.abc import Iterator

import pytest

from support.caller import Reply
from support.gateway import TOPOLOGY, A, B, Stand, standing

PATH = "/v2/topology"


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with standing(tmp_path_factory.mktemp("gateway")) as stand:
        yield stand


def send(stand: Stand, *lines: str, body: str = "") -> Reply:
    """Send bytes as they are; return the first answer and look for no second."""
    request = "\r\n".join([*lines, "", body]).encode()
    with socket.create_connection(("127.0.0.1", stand.view.listen.port), timeout=10) as connection:
        connection.sendall(request)
        response = http.client.HTTPResponse(connection)
        response.begin()
        return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())


@pytest.mark.parametrize(
    "name",
    ["x-gatekey-cluster", "X-Gatekey-Cluster", "X-GATEKEY-CLUSTER", "x_gatekey_cluster", "x-gatekey_cluster"],
)
@pytest.mark.parametrize("token_of", [A, None])
def test_nobody_chooses_a_cluster_by_a_header(stand: Stand, name: str, token_of: str | None) -> None:
    token = stand.bearer(token_of) if token_of else []

    answer = stand.ask(PATH, [(name, B), *token, (name, B)])

    assert (200 if token_of else 401) == answer.status
    if token_of:
        ours = {key: value for key, value in answer.document["headers"].items() if "gatekey" in key}
        assert ours == {"x-gatekey-cluster": A, "x-gatekey-client": "client-of-the-test"}


@pytest.mark.parametrize(
    "name",
    [
        "x-gatekey-client",
        "X-Gatekey-Anything",
        "x-envoy-original-path",
        "x-envoy-upstream-rq-timeout-ms",
        "x-forwarded-host",
        "x-forwarded-prefix",
        "x-original-url-with_underscore",
        "forwarded",
        "x-real-ip",
        "proxy-authorization",
        "authorization",
    ],
)
def test_what_could_be_mistaken_for_a_word_of_the_gateway_never_arrives(stand: Stand, name: str) -> None:
    headers = [] if name == "authorization" else [(name, "forged")]

    answer = stand.ask(PATH, [*headers, *stand.bearer()])

    assert answer.document["headers"]["x-gatekey-client"] == "client-of-the-test"
    arrived = answer.document["headers"].get(name.lower(), "")
    assert arrived in {"", "client-of-the-test"}
    assert "forged" not in answer.document["headers"].values()


def test_the_upstream_hears_who_calls_and_from_where_but_not_the_token(stand: Stand) -> None:
    stand.call(TOPOLOGY, [*stand.bearer(), ("x-forwarded-for", "203.0.113.9"), ("x-gatekey-cluster", B)])
    metadata = dict(stand.grpc_upstreams[A].metadata)

    assert (metadata["x-gatekey-cluster"], metadata["x-gatekey-client"]) == (A, "client-of-the-test")
    assert "authorization" not in metadata
    assert "203.0.113.9" not in metadata["x-forwarded-for"]


def test_what_a_caller_sends_besides_is_passed_on(stand: Stand) -> None:
    headers = [("x-my-own", "1"), ("cookie", "a=b"), ("accept", "application/json"), ("user-agent", "me/1")]

    seen = stand.ask(f"/{A}/v2/jobs/search?a=%2F..&b=%7E", [*headers, *stand.bearer()], body=b"{}").document

    assert seen["path"] == "/v2/jobs/search?a=%2F..&b=%7E"
    assert dict(headers) == {key: seen["headers"][key] for key, _ in headers}


def test_a_connection_header_cannot_take_the_token_away_unnoticed(stand: Stand) -> None:
    token = stand.bearer()[0][1]
    answer = send(
        stand,
        f"GET {PATH} HTTP/1.1",
        "host: localhost",
        f"authorization: {token}",
        "connection: authorization, x-gatekey-cluster",
    )

    assert answer.status == 401


@pytest.mark.parametrize(
    "framing",
    [
        ["content-length: 4", "transfer-encoding: chunked"],
        ["content-length: 4", "content-length: 5"],
        ["transfer-encoding: chunked, identity"],
        ["transfer-encoding: xchunked"],
        ["transfer-encoding:\x0bchunked"],
        ["content-length: +4"],
        ["content-length: 4\r\n folded: x"],
    ],
    ids=repr,
)
def test_a_request_with_two_readings_of_its_end_is_refused(stand: Stand, framing: list[str]) -> None:
    hidden = f"0\r\n\r\nGET /{B}/v2/topology HTTP/1.1\r\nhost: localhost\r\n\r\n"
    answer = send(
        stand,
        f"POST {PATH} HTTP/1.1",
        "host: localhost",
        f"authorization: {stand.bearer()[0][1]}",
        *framing,
        body=hidden,
    )

    assert answer.status in {400, 501}
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "line",
    [
        "GET v2/topology HTTP/1.1",
        "GET http://localhost/v2/../x HTTP/1.1",
        "GET /v2/topology#/../x HTTP/1.1",
        "GET /v2/\x00 HTTP/1.1",
        "CONNECT localhost:8080 HTTP/1.1",
        "GET /v2/topology HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade",
        "GET /v2/topology HTTP/1.1\r\nhost: other",
    ],
    ids=repr,
)
def test_an_odd_request_line_opens_nothing(stand: Stand, line: str) -> None:
    answer = send(stand, line, "host: localhost", f"authorization: {stand.bearer()[0][1]}")

    assert answer.status in {400, 403, 404}
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_grpc_path_needs_its_slash(stand: Stand) -> None:
    answer = send(
        stand,
        "POST gateway_protocol.Gateway/Topology HTTP/1.1",
        "host: localhost",
        "content-type: application/grpc",
        f"authorization: {stand.bearer()[0][1]}",
    )

    assert answer.status == 400


def test_a_token_appears_in_nothing_that_the_gateway_says(stand: Stand) -> None:
    token = stand.issuer.token(exp=1)
    answers = [
        stand.ask(f"{PATH}?access_token={token}"),
        stand.ask(f"{PATH}?token={token}", [("authorization", f"Bearer {token}")]),
        stand.ask(PATH, [("authorization", f"Basic {token}")]),
    ]
    said = [*(str(answer.headers) + answer.body.decode() for answer in answers), *map(str, stand.events)]

    assert [answer.status for answer in answers] == [401, 401, 401]
    assert not [text for text in said if token in text or token.rpartition(".")[2] in text]
