"""Which cluster and secret names are accepted."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from gatekey.server.clusters.model import ApiUpstreams, Refused, UpstreamTls

CLUSTER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,49}")
REGION = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
"""One label of a host name (RFC 1123): the region is part of every SaaS-style address."""

DEFAULT_PORTS = {"http": 80, "https": 443, "grpcs": 443}
"""By scheme, where the port is left out; a bare gRPC address always names its port."""

TLS_SCHEMES = ("https://", "grpcs://")

SERVER_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
"""A host name as in certificates (RFC 1123 section 2.1), without a dot at its end."""

SECRET_NAME = re.compile(r"[A-Za-z0-9]+([/._-][A-Za-z0-9]+)*")
"""The names that Camunda's connectors find as `secrets.NAME`."""

SECRET_NAME_LIMIT = 50
"""Camunda's Administration API answers 400 from 50 characters on."""

SECRET_VALUE_LIMIT = 64 * 1024
"""Bytes; room for a certificate chain, small enough that an answer with a hundred of them stays quick."""


def check_cluster(name: str, region: str) -> Refused | None:
    """Refuse names that cannot stand in a console list and regions that cannot stand in a host name."""
    if not CLUSTER_NAME.fullmatch(name):
        return Refused(
            "A cluster name has 1 to 50 letters, digits, blanks, '.', '_' or '-' and starts with a letter or digit.",
            "cluster name not accepted",
            "name",
        )
    if not REGION.fullmatch(region):
        return Refused(
            "A region is one lower-case label of a host name, such as 'local' or 'bru-2'.", "bad region", "region"
        )
    return None


def check_upstreams(grpc: str, rest: str) -> Refused | None:
    """Refuse upstreams that the gateway could not call: `grpc` is host:port or a URL, `rest` a URL without a query."""
    if not _is_address(grpc if "://" in grpc else f"grpc://{grpc}", {"grpc", "grpcs", "http", "https"}):
        return Refused("The gRPC upstream is host:port, such as localhost:26500.", "gRPC upstream not accepted", "grpc")
    if not _is_address(rest, {"http", "https"}):
        return Refused(
            "The REST upstream is a URL, such as http://localhost:8080.", "REST upstream not accepted", "rest"
        )
    return None


def check_api_upstreams(apis: ApiUpstreams) -> Refused | None:
    """Refuse URLs of Operate, Tasklist and Optimize that the gateway could not call."""
    for name, url in (("Operate", apis.operate), ("Tasklist", apis.tasklist), ("Optimize", apis.optimize)):
        if url is not None and not _is_address(url, {"http", "https"}):
            return Refused(
                f"The {name} upstream is a URL, such as http://localhost:8081.", f"{name} not accepted", name.lower()
            )
    return None


def check_upstream_tls(tls: UpstreamTls, upstreams: Iterable[str | None]) -> Refused | None:
    """Refuse what could not be: half a client certificate, a name that is none, TLS where no upstream speaks it."""
    if (tls.certificate is None) != (tls.key is None):
        return Refused("A client certificate and its key belong together.", "half a client certificate")
    if tls.server_name is not None and not SERVER_NAME.fullmatch(tls.server_name):
        return Refused(
            "The server name is a host name, such as zeebe.example.org.", "server name not accepted", "server_name"
        )
    if tls != UpstreamTls() and not any((url or "").startswith(TLS_SCHEMES) for url in upstreams):
        return Refused("No upstream speaks TLS: write grpcs://host:port or https://host.", "TLS settings without TLS")
    return None


def _is_address(url: str, schemes: set[str]) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return False
    loose = parts.query or parts.fragment or parts.username is not None or " " in url or not url.isprintable()
    return bool(parts.scheme in schemes and parts.hostname and port and not loose)


def check_secret(name: str, value: str) -> Refused | None:
    """Refuse secret names that connectors could not find and values that are too large (bytes in UTF-8)."""
    if len(name) >= SECRET_NAME_LIMIT or not SECRET_NAME.fullmatch(name):
        return Refused(
            "A secret name is shorter than 50 characters: letters and digits, joined by '/', '.', '_' or '-'.",
            "secret name not accepted",
            "name",
        )
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        return Refused("A secret value is text that UTF-8 can hold.", "secret value is no text", "value")
    if size > SECRET_VALUE_LIMIT:
        return Refused("A secret value has at most 65536 bytes.", "secret value too large", "value")
    return None
