"""
TLS of the service's own port: by its local authority or the operator's files, changed while it runs.
"""

import json
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from gatekey.server.certificates.authority import Pair, issue, make_authority
from support.gateway import wait_until
from support.product import Product, running_product


def get(product: Product, path: str, authority: Path | bytes | None, host: str = "localhost") -> httpx.Response:
    trusted = ssl.create_default_context(cafile=str(authority)) if isinstance(authority, Path) else True
    with httpx.Client(verify=trusted, trust_env=False) as client:
        return client.get(f"https://{host}:{product.http_port}{path}")


def shown_by(port: int, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> bytes:
    """Return the certificate that a port shows, trusted or not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(("localhost", port), 10) as plain, context.wrap_socket(plain) as secured:
        return secured.getpeercert(binary_form=True) or b""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(tmp_path_factory.mktemp("data"), with_gateway=False, tls="auto") as product:
        yield product


@pytest.fixture(scope="module")
def authority(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("trusted") / "ca.pem"
    file.write_text(product.cli("authority").stdout)
    return file


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_who_trusts_the_authority_is_served(product: Product, authority: Path, host: str) -> None:
    metadata = get(product, "/.well-known/openid-configuration", authority, host).json()

    assert f"https://localhost:{product.http_port}" == metadata["issuer"]


def test_who_does_not_trust_it_is_not(product: Product, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.pem"
    stranger.write_bytes(make_authority("stranger", datetime.now(UTC)).certificate)
    for trusted in (stranger, None):
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            get(product, "/health/live", trusted)


def test_plain_text_gets_nothing(product: Product) -> None:
    with pytest.raises(httpx.RemoteProtocolError), httpx.Client(trust_env=False) as client:
        client.get(f"http://localhost:{product.http_port}/health/live")


def test_old_versions_of_tls_are_refused(product: Product) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)), pytest.warns(DeprecationWarning, match="TLSv1_1"):
        shown_by(product.http_port, ssl.TLSVersion.TLSv1_1)


def test_the_credentials_file_leads_our_own_commands_to_a_token(product: Product, tmp_path: Path) -> None:
    file = tmp_path / "app.env"
    product.cli("clients", "create", "app", "--cluster", "local", "--scopes", "Zeebe", "--output", str(file))
    text = file.read_text()
    claims = json.loads(product.cli("token", "--env-file", str(file), "--decode").stdout)

    assert f"ZEEBE_CA_CERTIFICATE_PATH='{product.data / 'tls/ca.pem'}'" in text
    assert f"ZEEBE_GRPC_ADDRESS='grpcs://{product.gateway}'" in text
    assert f"ZEEBE_REST_ADDRESS='https://{product.gateway}/" in text
    assert f"https://localhost:{product.http_port}" in str(claims)


def test_a_certificate_of_the_operator_is_followed_without_a_restart(tmp_path: Path) -> None:
    first, second = (issue(make_authority("test", datetime.now(UTC)), ["localhost"], datetime.now(UTC)) for _ in "12")
    files = tmp_path / "own.pem", tmp_path / "own.key"
    place(first, files)
    settings = {"tls": "paths", "tls_certificate": files[0], "tls_key": files[1], "workers": 2}
    with running_product(tmp_path / "data", with_gateway=False, **settings) as product:
        before = shown_by(product.http_port)
        place(second, files)
        # Two workers: both have taken it when several connections in a row show it.
        wait_until(lambda: {der(second)} == {shown_by(product.http_port) for _ in range(8)})

    assert der(first) == before


def place(pair: Pair, files: tuple[Path, Path]) -> None:
    files[0].write_bytes(pair.certificate)
    files[1].write_bytes(pair.key)


def der(pair: Pair) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pair.certificate.decode())


def test_a_certificate_that_does_not_fit_its_key_stops_the_start_with_a_sentence(tmp_path: Path) -> None:
    first, second = (issue(make_authority("test", datetime.now(UTC)), ["localhost"], datetime.now(UTC)) for _ in "12")
    files = tmp_path / "own.pem", tmp_path / "own.key"
    place(Pair(first.certificate, second.key), files)
    settings = {"tls": "paths", "tls_certificate": str(files[0]), "tls_key": str(files[1])}
    product = Product(tmp_path / "data", with_gateway=False, settings=settings)
    done = product.start_in_vain("--no-gateway")

    assert 0 != done.returncode
    assert "is not the key of the certificate" in done.stderr


@pytest.mark.parametrize(
    "settings",
    [
        {"tls": "paths"},
        {"tls": "paths", "tls_certificate": "own.pem"},
        {"tls_certificate": "own.pem", "tls_key": "own.key"},
        {"tls": "auto", "tls_certificate": "own.pem", "tls_key": "own.key"},
        {"tls": "on"},
    ],
)
def test_settings_that_contradict_each_other_are_told(tmp_path: Path, settings: dict[str, str]) -> None:
    done = Product(tmp_path / "data", settings=settings).start_in_vain()

    assert 0 != done.returncode
    assert "The settings are wrong" in done.stderr


def test_without_tls_there_is_no_authority(tmp_path: Path) -> None:
    with running_product(tmp_path / "data", with_gateway=False) as product:
        done = product.cli("authority", check=False)

    assert 0 != done.returncode
    assert "serve --tls auto" in done.stderr
