"""
The standard library's HTTP against real servers, well-behaved and not.
"""

import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gatekey.client.diagnosis.model import (
    AskProxy,
    AskTime,
    Connect,
    NotReached,
    Probe,
    ProxyFound,
    Reached,
    Resolve,
    Secure,
    TimeTold,
)
from gatekey.client.diagnosis.probing import perform
from gatekey.client.drive import drive
from gatekey.client.flow import Patience, Send, fetch_token
from gatekey.client.obstacle import Obstacle, TransportFailure
from gatekey.client.settings import ClientSettings
from gatekey.client.transport import BODY_LIMIT, UrllibTransport
from gatekey.errors import TokenRefused, TokenUnavailable
from gatekey.wire.http import HttpRequest, HttpResponse
from gatekey.wire.secret_text import SecretText
from gatekey.wire.token_answer import TokenAnswer, encode_error, encode_success
from support.ports import free_port
from support.scripted_server import Answer, Dripping, Raw, Reply, Server, Stalled, serving

GRANTED = Answer(200, encode_success("t", 3600, "cluster"), (("Content-Type", "application/json"),))
IMPATIENT = UrllibTransport(timeout=0.2)


@pytest.fixture(autouse=True)
def _no_proxy_between(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """
    A key and a certificate for localhost that nobody but its holder trusts, in one file.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def tls_of(certificate: Path, protocols: list[str]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(protocols)
    return context


def obstacle_of(url: str, transport: UrllibTransport = IMPATIENT) -> Obstacle:
    with pytest.raises(TransportFailure) as caught:
        transport(HttpRequest("GET", url))
    return caught.value.obstacle


def settings_for(server: Server) -> ClientSettings:
    return ClientSettings(f"{server.url}/oauth/token", "id", SecretText("hidden-secret"), "zeebe.camunda.io")


def test_a_request_arrives_as_it_was_meant() -> None:
    with serving(lambda _: Answer(418, b"tea", (("X-Kind", "green"),))) as server:
        response = UrllibTransport()(HttpRequest("POST", f"{server.url}/a?b=c", (("X-Name", "value"),), b"body"))

    assert (418, b"tea", "green") == (response.status, response.body, response.header("x-kind"))
    assert ("POST", "/a?b=c", b"body") == (server.asked[0].method, server.asked[0].path, server.asked[0].body)
    assert "value" == server.asked[0].headers["X-Name"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_never_followed(status: int) -> None:
    with serving(lambda _: Answer(status, b"", (("Location", "/elsewhere"),))) as server:
        response = UrllibTransport()(HttpRequest("POST", f"{server.url}/oauth/token", (), b"secret"))

    assert status == response.status
    assert ["/oauth/token"] == [asked.path for asked in server.asked]


@pytest.mark.parametrize(
    ("answer", "obstacle"),
    [
        (Raw(), Obstacle.DROPPED),
        (Raw(b"SSH-2.0-OpenSSH_9.9\r\n"), Obstacle.NOT_HTTP),
        (Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf"), Obstacle.DROPPED),
        (Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf"), Obstacle.DROPPED),
        (Raw(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (BODY_LIMIT + 1)), Obstacle.NOT_HTTP),
        (Stalled(), Obstacle.TIMED_OUT),
        (Stalled(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf"), Obstacle.TIMED_OUT),
    ],
)
def test_each_misbehaviour_of_a_server_has_its_name(answer: Raw | Stalled, obstacle: Obstacle) -> None:
    with serving(lambda _: answer) as server:
        assert obstacle is obstacle_of(server.url)


def test_a_server_that_drips_is_not_waited_for_for_ever() -> None:
    with serving(lambda _: Dripping(b"HTTP/1.1 200 OK\r\n\r\n")) as server:
        assert Obstacle.TIMED_OUT is obstacle_of(server.url)


@pytest.mark.parametrize("url", ["ftp://localhost/", "file:///", "no url", "http://h\u00f6st.invalid/\x00"])
def test_an_address_that_is_none_is_refused_before_anything_is_sent(url: str) -> None:
    assert obstacle_of(url) in {Obstacle.UNUSABLE, Obstacle.UNKNOWN_HOST}


def test_a_port_where_nobody_listens_refuses() -> None:
    port = free_port()

    assert Obstacle.REFUSED is obstacle_of(f"http://localhost:{port}/")
    assert NotReached(Obstacle.REFUSED, "Connection refused") == perform(Connect("127.0.0.1", port))


def test_a_host_that_nobody_knows_is_unknown() -> None:
    # RFC 6761 section 6.4: names under .invalid never resolve.
    assert Obstacle.UNKNOWN_HOST is obstacle_of("http://gatekey.invalid/")
    reply = perform(Resolve("gatekey.invalid", 443))
    assert isinstance(reply, NotReached)
    assert Obstacle.UNKNOWN_HOST is reply.obstacle


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(certificate: Path) -> None:
    with serving(lambda _: GRANTED, tls_of(certificate, ["http/1.1"])) as server:
        assert Obstacle.UNTRUSTED is obstacle_of(server.url, UrllibTransport())
        reply = perform(Secure("localhost", server.port, "http/1.1"))

    assert isinstance(reply, NotReached)
    assert Obstacle.UNTRUSTED is reply.obstacle
    assert [] == server.asked


def test_a_private_authority_is_trusted_when_the_environment_names_it(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(lambda _: GRANTED, tls_of(certificate, ["http/1.1"])) as server:
        response = UrllibTransport()(HttpRequest("GET", server.url))
        reply = perform(Secure("localhost", server.port, "http/1.1"))
        without_http2 = perform(Secure("localhost", server.port, "h2"))

    assert 200 == response.status
    assert isinstance(reply, Reached)
    assert "the certificate is valid until" in reply.detail
    assert NotReached(Obstacle.NOT_TLS, "it does not offer HTTP/2, which gRPC needs") == without_http2


def test_http_and_https_confused_are_told_apart_from_other_faults(certificate: Path) -> None:
    with serving(lambda _: GRANTED) as plain:
        assert Obstacle.NOT_TLS is obstacle_of(plain.url.replace("http:", "https:"), UrllibTransport())
    with serving(lambda _: GRANTED, tls_of(certificate, ["http/1.1"])) as secured:
        assert obstacle_of(secured.url.replace("https:", "http:")) in {Obstacle.DROPPED, Obstacle.NOT_HTTP}


def test_probes_see_what_is_there() -> None:
    with serving(lambda _: Answer(204)) as server:
        connected = perform(Connect("127.0.0.1", server.port))
        sent = perform(Send(HttpRequest("GET", server.url)))

    assert Reached(f"127.0.0.1 port {server.port} accepts connections") == connected
    assert isinstance(sent, HttpResponse)
    assert 204 == sent.status
    assert Reached("127.0.0.1 is 127.0.0.1") == perform(Resolve("127.0.0.1", 80))
    assert isinstance(perform(AskTime()), TimeTold)


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({}, "https://host/", None),
        ({"https_proxy": "http://user:hidden@proxy:3128"}, "https://host/", "http://proxy:3128"),
        ({"https_proxy": "proxy:3128"}, "https://host/", "http://proxy:3128"),
        ({"https_proxy": "http://proxy:3128"}, "http://host/", None),
        ({"https_proxy": "http://proxy:3128", "no_proxy": "host"}, "https://host/", None),
    ],
)
def test_the_proxy_of_the_environment_is_told_without_its_password(
    environment: dict[str, str], url: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    probe: Probe = AskProxy(url)

    assert ProxyFound(proxy) == perform(probe)


def test_a_token_comes_after_a_429_and_a_503_and_a_dropped_connection() -> None:
    answers: Iterator[Reply] = iter([Answer(429, b"", (("Retry-After", "3"),)), Answer(503), Raw(), GRANTED])
    slept: list[float] = []
    with serving(lambda _: next(answers)) as server:
        flow = fetch_token(settings_for(server), Patience(attempts=4, wait=60), lambda: 0.0)
        answer = drive(flow, UrllibTransport(), slept.append)

    assert TokenAnswer(SecretText("t"), 3600, "cluster") == answer
    assert [3.0, 2.0, 4.0] == slept
    assert 4 == len(server.asked)


def test_a_refusal_costs_one_request() -> None:
    with serving(lambda _: Answer(401, encode_error("invalid_client", "no"))) as server, pytest.raises(TokenRefused):
        drive(fetch_token(settings_for(server), Patience(), lambda: 0.0), UrllibTransport(), lambda _: None)

    assert 1 == len(server.asked)


def test_a_server_that_stays_silent_is_given_up_with_its_cause() -> None:
    with serving(lambda _: Stalled()) as server, pytest.raises(TokenUnavailable) as caught:
        drive(fetch_token(settings_for(server), Patience(attempts=2), lambda: 0.0), IMPATIENT, lambda _: None)

    assert 2 == caught.value.attempts
    assert isinstance(caught.value.__cause__, TransportFailure)
    assert "hidden-secret" not in str(caught.value)
