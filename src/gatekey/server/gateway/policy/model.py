"""What the gateway guards, what a call to it looks like, and how it decides."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import cached_property
from types import MappingProxyType
from urllib.parse import urlsplit

from gatekey.server.gateway.policy.revocations import Subject

AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
"""Where Debian, Ubuntu, Alpine and the images built on them keep the certificate authorities they trust."""

STREAM_LIFE = 28_800
"""
Seconds, a working day, after which an open stream must be opened, and so its token be looked at, again.

Job workers reopen a stream that ends at once; Camunda's own clients end theirs after hours.
"""


@dataclass(frozen=True, slots=True)
class Address:
    """Where something listens; `path` is the base path of a REST upstream, without a trailing slash."""

    host: str
    port: int
    tls: bool = False
    path: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}{self.path}"


class Api(StrEnum):
    """
    The guarded APIs of a cluster; the values are the words that name an
    upstream and, but for Zeebe's, a base path.
    """

    GRPC = "grpc"
    REST = "rest"
    OPERATE = "operate"
    TASKLIST = "tasklist"
    OPTIMIZE = "optimize"


class AccessLog(StrEnum):
    """Which calls are written to the gateway's standard output."""

    OFF = "off"
    REFUSED = "refused"
    """Those that the gateway itself answered, whatever the reason."""
    ALL = "all"


@dataclass(frozen=True, slots=True)
class UpstreamTls:
    """
    How upstreams with TLS are met: `authorities` is a file, `certificate` those of a client's chain and key.

    None stands for the authorities of the view, the host that is called, no client certificate. `version` changes when
    the files do.
    """

    authorities: str | None = None
    server_name: str | None = None
    certificate: tuple[str, str] | None = None
    version: str = ""


@dataclass(frozen=True, slots=True)
class GuardedCluster:
    """
    One cluster behind the gateway; no `grpc` or `rest` where it does not offer that API here.

    Without an address of its own, another API is served by the REST upstream, as Camunda does from 8.8 on.
    """

    cluster_id: str
    region: str
    grpc: Address | None = None
    rest: Address | None = None
    operate: Address | None = None
    tasklist: Address | None = None
    optimize: Address | None = None
    tls: UpstreamTls = field(default=UpstreamTls(), kw_only=True)

    def address_of(self, api: Api) -> Address | None:
        """Return where `api` is served, None where it is not."""
        if api is Api.GRPC:
            return self.grpc
        return self._own_address(api) or self.rest

    def is_served_by_rest(self, api: Api) -> bool:
        """Whether `api` comes from the REST upstream."""
        return api is not Api.GRPC and self._own_address(api) in {None, self.rest}

    def _own_address(self, api: Api) -> Address | None:
        own = {Api.OPERATE: self.operate, Api.TASKLIST: self.tasklist, Api.OPTIMIZE: self.optimize}
        return own.get(api)


@dataclass(frozen=True)
class GatewayView:
    """
    Everything the gateway knows at one moment.

    `keys` is the key set (RFC 7517 section 5) that verifies tokens, as JSON text. `domain` is that of the audiences,
    such as `camunda.io`. `hosts`: whether clusters also have host names, `<cluster>.<region>.zeebe.<domain>`.
    `authorities` is the file of those certificate authorities that upstreams with TLS are checked against.
    `revocations`: tokens of each subject issued before that time (seconds since 1970) open nothing. `stream_life` is
    the most seconds that a call may last. `certificate`: the files of chain and key for TLS; None is plain text.
    `origins`: whose web pages may call.
    """

    listen: Address
    issuer: str
    keys: str = field(repr=False)
    domain: str
    hosts: bool = False
    clusters: tuple[GuardedCluster, ...] = ()
    authorities: str = AUTHORITIES
    revocations: Mapping[Subject, int] = field(default_factory=dict, repr=False)
    stream_life: int = STREAM_LIFE
    certificate: tuple[str, str] | None = None
    access_log: AccessLog = AccessLog.OFF
    origins: tuple[str, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[str, GuardedCluster]:
        """The clusters by their id."""
        return MappingProxyType({cluster.cluster_id: cluster for cluster in self.clusters})

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """The regions in which there are clusters."""
        return tuple(sorted({cluster.region for cluster in self.clusters}))

    @cached_property
    def served_by_rest(self) -> frozenset[Api]:
        """The APIs that come from the REST upstream of at least one cluster."""
        return frozenset(api for api in Api if any(cluster.is_served_by_rest(api) for cluster in self.clusters))


@dataclass(frozen=True, slots=True)
class RequestHead:
    """
    The part of a call that decisions look at: `authority` as in RFC 9110 section 7.2, `path` with its query.

    `method` is empty where a proxy does not tell it.
    """

    authority: str
    path: str
    content_type: str = ""
    method: str = ""

    @property
    def grpc(self) -> bool:
        """Whether the call is gRPC: the protocol demands a content type that says so."""
        media_type = self.content_type.partition(";")[0].strip().lower()
        return media_type == "application/grpc" or media_type.startswith("application/grpc+")


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says whose signature, issuer and lifetime were found good; `issued_at` in seconds since 1970."""

    audiences: tuple[str, ...]
    cluster_id: str | None
    client_id: str | None = None
    credential_id: str | None = None
    token_id: str | None = None
    issued_at: float | None = None


class Kind(Enum):
    """Why a call is refused; the values are the HTTP status and the gRPC status of the answer."""

    UNAUTHENTICATED = (401, 16)
    FORBIDDEN = (403, 7)
    NOT_FOUND = (404, 12)
    METHOD_NOT_ALLOWED = (405, 2)
    UNAVAILABLE = (503, 14)

    @property
    def http_status(self) -> int:
        """The status of a REST refusal."""
        return self.value[0]

    @property
    def grpc_status(self) -> int:
        """The `grpc-status` trailer of a gRPC refusal."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Allowed:
    """The call goes to this API of this cluster, as `path` (with its query) below the base path of the upstream."""

    cluster_id: str
    api: Api
    path: str


@dataclass(frozen=True, slots=True)
class Denied:
    """The call is refused: `public` is what the caller reads, `reason` what the operator reads."""

    kind: Kind
    public: str
    reason: str


DEFAULT_PORTS: Mapping[str, int] = {"http": 80, "grpc": 80, "https": 443, "grpcs": 443}
"""RFC 9110 section 4.2 for http and https; Camunda's clients write gRPC addresses with the same meaning."""


def read_address(text: str) -> Address:
    """
    Return the address in `host:port` or `http://host:port/base`; https and grpcs mean TLS. Raise ValueError
    otherwise.
    """
    is_url = "://" in text
    parts = urlsplit(text if is_url else f"grpc://{text}")
    port = parts.port or (DEFAULT_PORTS.get(parts.scheme) if is_url else None)
    if not parts.hostname or port is None or parts.query or parts.fragment or parts.username is not None:
        raise ValueError(f"{text!r} is no address: write host:port or http://host:port")
    return Address(parts.hostname, port, parts.scheme in {"https", "grpcs"}, parts.path.rstrip("/"))
