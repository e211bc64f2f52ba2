"""What a cluster and a cluster secret are."""

from dataclasses import dataclass
from datetime import datetime

from gatekey.oauth.secret_text import SecretText


@dataclass(frozen=True, slots=True)
class ApiUpstreams:
    """
    URLs of the servers of other APIs than Zeebe's; None where the cluster's REST upstream serves it, as from 8.8
    on.
    """

    operate: str | None = None
    tasklist: str | None = None
    optimize: str | None = None


@dataclass(frozen=True, slots=True)
class UpstreamTls:
    """
    How the gateway meets those upstreams of a cluster that speak TLS; the files (PEM) are on the gateway's machine.

    None stands for the system's authorities, the host in the upstream's address, no client certificate.
    """

    authorities: str | None = None
    server_name: str | None = None
    certificate: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """
    One Camunda 8 installation; upstreams are `host:port` (gRPC) and URLs (REST, `apis`) that only the gateway
    calls.
    """

    cluster_id: str
    organisation_id: str
    name: str
    region: str
    grpc_upstream: str
    rest_upstream: str
    created: datetime
    apis: ApiUpstreams = ApiUpstreams()
    tls: UpstreamTls = UpstreamTls()


@dataclass(frozen=True, slots=True)
class ClusterSecret:
    """A named value that connectors read; the value never shows in a repr."""

    name: str
    value: SecretText


@dataclass(frozen=True, slots=True)
class Refused:
    """
    A change that was not made: `public` is for the caller, `reason` for the operator, `field` what of a form was
    wrong, if one field was.
    """

    public: str
    reason: str
    field: str | None = None
