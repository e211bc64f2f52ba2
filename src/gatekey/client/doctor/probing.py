"""Performs the probes of an examination on real sockets: the edge of the diagnosis."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from typing import TypeAlias, assert_never
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from gatekey.client.acquire import Send
from gatekey.client.doctor.model import (
    AskProxy,
    AskTime,
    CallGrpc,
    CheckResult,
    Connect,
    Examination,
    GrpcMissing,
    GrpcStatus,
    NotReached,
    Probe,
    ProxyFound,
    Reached,
    ReadAuthorities,
    Reply,
    Resolve,
    Secure,
    TimeTold,
)
from gatekey.client.failures import TransportError, TransportErrorKind
from gatekey.client.http import shown
from gatekey.client.transport import TIMEOUT, UrllibTransport, failure_of
from gatekey.errors import ConfigurationError

Perform: TypeAlias = Callable[[Probe], Reply]

DIRECT = UrllibTransport()

TOPOLOGY = "/gateway_protocol.Gateway/Topology"

LONGEST_DETAIL = 200
"""Characters of a server's own words."""


def findings_of(examination: Examination[None], perform: Perform) -> Iterator[CheckResult]:
    """Run an examination; yields each finding as soon as it is made."""
    try:
        event = next(examination)
        while True:
            if isinstance(event, CheckResult):
                yield event
                event = examination.send(None)
            else:
                event = examination.send(perform(event))
    except StopIteration:
        return


def perform(probe: Probe, transport: UrllibTransport = DIRECT) -> Reply:
    """Perform one probe; a fault on the way is a reply, never an exception. Certificates are the transport's."""
    try:
        return _perform(probe, transport)
    except ConfigurationError as error:
        return NotReached(TransportErrorKind.CERTIFICATES, error.message.partition(": ")[2].rstrip("."))
    except TransportError as failure:
        met = failure
    except (OSError, ValueError) as error:
        met = failure_of(error)
    return NotReached(met.kind, met.detail)


def _perform(probe: Probe, transport: UrllibTransport) -> Reply:  # noqa: PLR0911 - one for each kind of probe
    match probe:
        case Send(request):
            return transport(request)
        case ReadAuthorities():
            transport.context()
            return Reached("read")
        case Resolve(host, port):
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
            return Reached(f"{host} is {', '.join(addresses)}")
        case Connect(host, port):
            with socket.create_connection((host, port), TIMEOUT) as connection:
                return Reached(f"{connection.getpeername()[0]} port {port} accepts connections")
        case Secure(host, port, protocol):
            return _secure(host, port, protocol, transport.context())
        case CallGrpc():
            return _call_topology(probe, transport.authorities)
        case AskProxy(url):
            return ProxyFound(_proxy_for(url))
        case AskTime():
            return TimeTold(time.time())
        case _:
            assert_never(probe)


def _secure(host: str, port: int, protocol: str, context: ssl.SSLContext) -> Reply:
    context.set_alpn_protocols([protocol])
    with (
        socket.create_connection((host, port), TIMEOUT) as connection,
        context.wrap_socket(connection, server_hostname=host) as secured,
    ):
        certificate = secured.getpeercert() or {}
        chosen = secured.selected_alpn_protocol()
        if protocol == "h2" and chosen != protocol:
            return NotReached(TransportErrorKind.NOT_TLS, "it does not offer HTTP/2, which gRPC needs")
        return Reached(f"{secured.version()}, the certificate is valid until {certificate.get('notAfter', 'unknown')}")


def _call_topology(probe: CallGrpc, authorities: str | None) -> GrpcStatus | GrpcMissing:
    """Call `Topology`, whose request has no fields and whose answer need not be read."""
    try:
        from gatekey.client.integrations.grpc_call import call_once, tls
    except ImportError:
        return GrpcMissing()
    credentials = tls(authorities) if probe.secure else None
    code, detail = call_once(f"{probe.host}:{probe.port}", TOPOLOGY, probe.token, credentials, TIMEOUT)
    return GrpcStatus(code, detail[:LONGEST_DETAIL])


def _proxy_for(url: str) -> str | None:
    parts = urlsplit(url)
    if proxy_bypass(parts.netloc):
        return None
    proxy = getproxies().get(parts.scheme)
    return shown(proxy if "://" in proxy else f"http://{proxy}") if proxy else None
