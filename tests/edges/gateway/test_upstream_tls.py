"""
Upstreams behind TLS: checked, spoken to by their own name, in the protocol agreed.
"""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from gatekey.server.gateway.policy.model import Address, GuardedCluster, UpstreamTls
from support.certificates import write_certificate
from support.gateway import PATIENCE, TOPOLOGY, A, GrpcUpstream, RestUpstream, Stand, standing, wait_until


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    return write_certificate(tmp_path)


@pytest.fixture
def stand(tmp_path: Path, certificate: tuple[Path, Path]) -> Iterator[Stand]:
    certificate_file, key_file = certificate
    rest = RestUpstream("secured", tls=(certificate_file, key_file))
    calls = GrpcUpstream("secured", tls=(certificate_file, key_file))
    with rest, calls, standing(tmp_path / "run", authorities=str(certificate_file)) as stand:
        stand.grpc_upstreams[A] = calls
        secured = [Address("localhost", upstream.address.port, tls=True) for upstream in (calls, rest)]
        stand.apply(clusters=(GuardedCluster(A, "local", *secured),))
        yield stand


def test_both_protocols_pass_through_tls(stand: Stand) -> None:
    seen = stand.ask("/v2/topology", stand.bearer()).document

    assert ("secured", "localhost") == (seen["upstream"], seen["headers"]["host"])
    assert b"secured:ping" == stand.call(TOPOLOGY, stand.bearer())


def test_a_server_that_cannot_prove_its_name_gets_no_call(stand: Stand, tmp_path: Path) -> None:
    (tmp_path / "stranger").mkdir()
    stranger, _ = write_certificate(tmp_path / "stranger", "stranger")
    stand.apply(authorities=str(stranger))

    answer = stand.ask("/v2/topology", stand.bearer())
    with pytest.raises(grpc.RpcError) as refusal:
        stand.call(TOPOLOGY, stand.bearer())

    assert 503 == answer.status
    assert grpc.StatusCode.UNAVAILABLE == refusal.value.code()


def test_renewed_files_of_an_upstream_leave_open_streams_alone(stand: Stand) -> None:
    with stand.channel() as channel:
        stream = channel.unary_stream("/gateway_protocol.Gateway/ActivateJobs")(b"job", metadata=stand.bearer())
        upstream = stand.grpc_upstreams[A]
        upstream.step.release()
        before = next(stream)
        (cluster,) = stand.view.clusters
        stand.apply(clusters=(replace(cluster, tls=UpstreamTls(version="2")),))
        answer = stand.call(TOPOLOGY, stand.bearer())
        upstream.step.release()

        assert (b"job:1", b"secured:ping", b"job:2") == (before, answer, next(stream))


def serve(folder: Path, name: str) -> tuple[str, str]:
    """Put a new certificate in the place of the old one at once, as certificate tools do: by a link."""
    version = folder / name
    version.mkdir(parents=True)
    certificate, key = write_certificate(version, name)
    link = folder / ".next"
    link.symlink_to(version)
    link.rename(folder / "current")
    return str(folder / "current" / certificate.name), str(folder / "current" / key.name)


def offered(stand: Stand) -> tuple[str, str | None, str | None]:
    """The name in the gateway's certificate, the protocol agreed and the version of TLS."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", stand.view.listen.port), timeout=10) as connection,
        context.wrap_socket(connection, server_hostname="localhost") as secured,
    ):
        certificate = x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")
        name = str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
        return name, secured.selected_alpn_protocol(), secured.version()


def test_the_gateway_speaks_tls_and_takes_a_new_certificate_while_it_runs(tmp_path: Path) -> None:
    files = serve(tmp_path / "served", "localhost")
    with standing(tmp_path / "run", certificate=files) as stand:
        authority = Path(files[0]).read_bytes()
        first = offered(stand)
        channel = grpc.secure_channel(f"localhost:{stand.view.listen.port}", grpc.ssl_channel_credentials(authority))
        with channel:
            echo = channel.unary_unary(TOPOLOGY)
            before = echo(b"ping", metadata=stand.bearer(), timeout=PATIENCE)
            serve(tmp_path / "served", "renewed")
            wait_until(lambda: offered(stand)[0] == "renewed")

            assert ("localhost", "h2", "TLSv1.3") == first
            assert [b"a:ping"] * 2 == [before, echo(b"ping", metadata=stand.bearer(), timeout=PATIENCE)]
