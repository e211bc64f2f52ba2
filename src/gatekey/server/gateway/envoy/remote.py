"""
The bootstrap of an Envoy on another machine, which asks the service for everything that changes.

It shows the gateway key in a header that a filter on its way out puts in. Envoy has no other way for REST discovery but
a client certificate; in the path, the key would stand in logs.
"""

from dataclasses import dataclass, field

from gatekey.server.gateway.envoy.bootstrap import compile_bootstrap
from gatekey.server.gateway.envoy.listener import Front, compile_certificate
from gatekey.server.gateway.envoy.resources import Document, extension, typed
from gatekey.server.gateway.envoy.sources import service_sources
from gatekey.server.gateway.envoy.upstreams import socket_address
from gatekey.server.gateway.policy.model import Address

KEY = "gateway-key"
"""The name of the secret; Envoy's administration shows secrets as `[redacted]`."""

CONNECT_TIMEOUT = "5s"
KEEPALIVE = {"keepalive_time": 10, "keepalive_interval": 5, "keepalive_probes": 3}
"""Seconds: a service that vanished while a question was open is noticed, and asked again elsewhere."""


@dataclass(frozen=True, slots=True)
class ServicePlace:
    """Where the service is asked: `authorities` is PEM text if it begins so, else a file on the gateway's machine."""

    address: Address
    key: str = field(repr=False)
    authorities: str = ""

    @property
    def name(self) -> str:
        """Its host and, unless usual, port. Envoy writes the name of an upstream into the Host header."""
        usual = 443 if self.address.tls else 80
        return self.address.host if self.address.port == usual else str(self.address)


def compile_remote_bootstrap(
    name: str,
    front: Front,
    service: ServicePlace,
    certificate: tuple[str, str] | None,
    administration: str | None,
) -> Document:
    """Return the bootstrap of the gateway `name`; `certificate`: the files of chain and key on its machine, for TLS."""
    bootstrap = compile_bootstrap(front, service_sources(service.name), administration)
    bootstrap["node"] = {"id": name, "cluster": "gatekey"}
    static = bootstrap["static_resources"]
    static["clusters"] = [_service(service)]
    static["secrets"] = [{"name": KEY, "generic_secret": {"secret": {"inline_string": f"Bearer {service.key}"}}}]
    if certificate:
        # Envoy follows changes of certificate files only where it was told of them by a discovery service.
        chain, key = certificate
        bootstrap["node"]["metadata"] = {"certificate": chain, "key": key}
    return bootstrap


def certificate_of(node: Document) -> tuple[Document, ...]:
    """
    Return the certificate that a gateway wants to be told of, as its own
    bootstrap says; nothing if it wants none.
    """
    match node.get("metadata"):
        case {"certificate": str(chain), "key": str(key)}:
            return compile_certificate(chain, key)
        case _:
            return ()


def _service(service: ServicePlace) -> Document:
    return {
        "name": service.name,
        # One address at a time, the other family when the first does not answer: `localhost` may be either.
        "type": "LOGICAL_DNS",
        "dns_lookup_family": "ALL",
        "connect_timeout": CONNECT_TIMEOUT,
        "upstream_connection_options": {"tcp_keepalive": KEEPALIVE},
        "load_assignment": {
            "cluster_name": service.name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": socket_address(service.address)}}]}],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                explicit_http_config={"http_protocol_options": {}},
                http_filters=[_key_filter(), _codec()],
            )
        },
        **_transport(service),
    }


def _key_filter() -> Document:
    generic = typed("envoy.extensions.http.injected_credentials.generic.v3.Generic", credential={"name": KEY})
    return extension(
        "key",
        typed(
            "envoy.extensions.filters.http.credential_injector.v3.CredentialInjector",
            overwrite=True,
            credential=extension("envoy.http.injected_credentials.generic", generic),
        ),
    )


def _codec() -> Document:
    return extension("codec", typed("envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec"))


def _transport(service: ServicePlace) -> Document:
    if not service.address.tls:
        return {}
    kind = "inline_string" if service.authorities.startswith("-----BEGIN") else "filename"
    context = typed(
        "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        sni=service.address.host,
        auto_sni_san_validation=True,
        common_tls_context={
            "alpn_protocols": ["http/1.1"],
            "validation_context": {"trusted_ca": {kind: service.authorities}},
        },
    )
    return {"transport_socket": extension("envoy.transport_sockets.tls", context)}
