"""
The standard library's HTTP against real servers, well-behaved and not.
"""

import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from gatekey import MemoryCache, TokenSource
from gatekey.client.acquire import Send
from gatekey.client.config.authentication import CertificateAlone
from gatekey.client.doctor.model import (
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
from gatekey.client.doctor.probing import perform
from gatekey.client.failures import TransportError, TransportErrorKind
from gatekey.client.http import HttpRequest, HttpResponse
from gatekey.client.integrations.private_key import PrivateKeyJwt
from gatekey.client.transport import BODY_LIMIT, UrllibTransport
from gatekey.errors import ConfigurationError, TokenRefused, TokenUnavailable
from gatekey.oauth.token_answer import encode_error, encode_success
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


def obstacle_of(url: str, transport: UrllibTransport = IMPATIENT) -> TransportErrorKind:
    with pytest.raises(TransportError) as caught:
        transport(HttpRequest("GET", url))
    return caught.value.kind


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
    ("answer", "kind"),
    [
        (Raw(), TransportErrorKind.DROPPED),
        (Raw(b"SSH-2.0-OpenSSH_9.9\r\n"), TransportErrorKind.NOT_HTTP),
        (Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf"), TransportErrorKind.DROPPED),
        (Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf"), TransportErrorKind.DROPPED),
        (Raw(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (BODY_LIMIT + 1)), TransportErrorKind.NOT_HTTP),
        (Stalled(), TransportErrorKind.TIMED_OUT),
        (Stalled(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf"), TransportErrorKind.TIMED_OUT),
    ],
)
def test_each_misbehaviour_of_a_server_has_its_name(answer: Raw | Stalled, kind: TransportErrorKind) -> None:
    with serving(lambda _: answer) as server:
        assert kind is obstacle_of(server.url)


def test_a_server_that_drips_is_not_waited_for_for_ever() -> None:
    with serving(lambda _: Dripping(b"HTTP/1.1 200 OK\r\n\r\n")) as server:
        assert TransportErrorKind.TIMED_OUT is obstacle_of(server.url)


@pytest.mark.parametrize("url", ["ftp://localhost/", "file:///", "no url", "http://h\u00f6st.invalid/\x00"])
def test_an_address_that_is_none_is_refused_before_anything_is_sent(url: str) -> None:
    assert obstacle_of(url) in {TransportErrorKind.UNUSABLE, TransportErrorKind.UNKNOWN_HOST}


def test_a_port_where_nobody_listens_refuses() -> None:
    port = free_port()

    assert TransportErrorKind.REFUSED is obstacle_of(f"http://localhost:{port}/")
    assert NotReached(TransportErrorKind.REFUSED, "Connection refused") == perform(Connect("127.0.0.1", port))


def test_a_host_that_nobody_knows_is_unknown() -> None:
    # RFC 6761 section 6.4: names under .invalid never resolve.
    assert TransportErrorKind.UNKNOWN_HOST is obstacle_of("http://gatekey.invalid/")
    reply = perform(Resolve("gatekey.invalid", 443))
    assert isinstance(reply, NotReached)
    assert TransportErrorKind.UNKNOWN_HOST is reply.kind


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(certificate: Path) -> None:
    with serving(lambda _: GRANTED, tls_of(certificate, ["http/1.1"])) as server:
        assert TransportErrorKind.UNTRUSTED is obstacle_of(server.url, UrllibTransport())
        reply = perform(Secure("localhost", server.port, "http/1.1"))

    assert isinstance(reply, NotReached)
    assert TransportErrorKind.UNTRUSTED is reply.kind
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
    assert NotReached(TransportErrorKind.NOT_TLS, "it does not offer HTTP/2, which gRPC needs") == without_http2


def test_http_and_https_confused_are_told_apart_from_other_faults(certificate: Path) -> None:
    with serving(lambda _: GRANTED) as plain:
        assert TransportErrorKind.NOT_TLS is obstacle_of(plain.url.replace("http:", "https:"), UrllibTransport())
    with serving(lambda _: GRANTED, tls_of(certificate, ["http/1.1"])) as secured:
        assert obstacle_of(secured.url.replace("https:", "http:")) in {
            TransportErrorKind.DROPPED,
            TransportErrorKind.NOT_HTTP,
        }


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


def source_for(server: Server, **others: Any) -> TokenSource:
    told: Any = {
        "token_url": f"{server.url}/oauth/token",
        "client_id": "id",
        "client_secret": "hidden-secret",
        "cache": MemoryCache(),
        **others,
    }
    return TokenSource(**told)


def test_a_token_comes_after_a_429_and_a_503_and_a_dropped_connection() -> None:
    answers: Iterator[Reply] = iter([Answer(429, b"", (("Retry-After", "3"),)), Answer(503), Raw(), GRANTED])
    now = [1_800_000_000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    with serving(lambda _: next(answers)) as server:
        token = source_for(server, sleep=sleep, clock=lambda: now[0], patience=60).token()

    assert "t" == token.access_token.reveal()
    assert 4 == len(server.asked)


def test_a_refusal_costs_one_request() -> None:
    with serving(lambda _: Answer(401, encode_error("invalid_client", "no"))) as server:
        source = source_for(server)
        for _ in range(3):
            with pytest.raises(TokenRefused):
                source.token()

    assert 1 == len(server.asked)


def test_a_server_that_stays_silent_is_given_up_with_its_cause() -> None:
    with serving(lambda _: Stalled()) as server, pytest.raises(TokenUnavailable) as caught:
        source_for(server, transport=IMPATIENT, patience=0).token()

    assert 1 == caught.value.attempts
    assert isinstance(caught.value.__cause__, TransportError)
    assert TransportErrorKind.TIMED_OUT is caught.value.__cause__.kind
    assert "hidden-secret" not in str(caught.value)


def test_a_source_may_have_a_proxy_of_its_own() -> None:
    with serving(lambda _: GRANTED) as proxy:
        transport = UrllibTransport(proxy=proxy.url)
        response = transport(HttpRequest("POST", "http://token.example.com/oauth/token", (), b"body"))

    assert 200 == response.status
    assert ["http://token.example.com/oauth/token"] == [asked.path for asked in proxy.asked]


def test_a_source_may_do_without_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://localhost:{free_port()}")
    with serving(lambda _: GRANTED) as server:
        assert TransportErrorKind.REFUSED is obstacle_of(server.url)
        assert 200 == UrllibTransport(proxy="")(HttpRequest("GET", server.url)).status


def test_a_private_authority_is_trusted_when_a_setting_names_it(certificate: Path) -> None:
    with serving(lambda _: GRANTED, tls_of(certificate, ["http/1.1"])) as server:
        token = source_for(server, environment={}).settings
        assert TransportErrorKind.UNTRUSTED is obstacle_of(token.token_url, UrllibTransport())
        assert 200 == UrllibTransport(authorities=str(certificate))(HttpRequest("GET", server.url)).status


def test_a_client_certificate_is_shown_to_a_server_that_wants_one(certificate: Path, tmp_path: Path) -> None:
    tls = tls_of(certificate, ["http/1.1"])
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(certificate)
    file = tmp_path / "my-app.env"
    with serving(lambda _: GRANTED, tls) as server:
        file.write_text(
            f"ZEEBE_CLIENT_ID=id\nCAMUNDA_OAUTH_URL={server.url}/oauth/token\n"
            f"CAMUNDA_MTLS_CA_PATH={certificate}\nCAMUNDA_MTLS_CERT_PATH={certificate}\n"
        )
        source = TokenSource(file, environment={}, authentication=CertificateAlone(), cache="memory")

        assert "t" == source.token().access_token.reveal()
        assert b"grant_type=client_credentials&client_id=id" == server.asked[0].body
        with pytest.raises(TransportError):
            UrllibTransport(authorities=str(certificate))(HttpRequest("GET", server.url))


@pytest.mark.parametrize("content", [None, "no PEM"])
def test_certificates_that_cannot_be_used_are_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "certificate.pem"
    if content:
        path.write_text(content)

    for transport in (UrllibTransport(authorities=str(path)), UrllibTransport(certificate=str(path))):
        with pytest.raises(ConfigurationError, match=r"certificate\.pem"):
            transport(HttpRequest("GET", "https://localhost/"))


def test_a_private_key_takes_the_place_of_a_secret(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    path = tmp_path / "key.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    with serving(lambda _: GRANTED) as server:
        token = TokenSource(
            token_url=f"{server.url}/oauth/token",
            client_id="id",
            authentication=PrivateKeyJwt.read(path, key_id="k"),
            environment={},
            cache="memory",
        ).token()

    fields = dict(parse_qsl(server.asked[0].body.decode()))
    assert "t" == token.access_token.reveal()
    assert "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" == fields["client_assertion_type"]
    assert 2 == fields["client_assertion"].count(".")
    assert "client_secret" not in fields
