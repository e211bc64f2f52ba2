"""Where a cluster's APIs and its token service are, as a client needs to know it."""

from dataclasses import dataclass

from gatekey.oauth.vocabulary import DEFAULT_DOMAIN, Scope


@dataclass(frozen=True, slots=True)
class ClusterAddresses:
    """
    Everything a client needs besides its id and secret.

    `zeebe` is host:port, the others are URLs without a trailing slash; `secrets` answers `GET` with the secrets.
    """

    cluster_id: str
    region: str
    zeebe: str
    grpc: str
    rest: str
    tasklist: str
    operate: str
    optimize: str
    secrets: str
    token_url: str
    domain: str | None
    """The installation's own domain, under which hosts are named as in Camunda SaaS; None when all live on one host."""

    authority: str | None = None
    """The file of the private certificate authority, if any, that clients on the service's machine have to trust."""

    bundle: str | None = None
    """The same together with the machine's authorities, for programs that can only replace what they trust."""

    def audience(self, scope: Scope) -> str:
        """Return the audience to ask for when a token of `scope` is wanted, such as `zeebe.camunda.io`."""
        return f"{scope.audience_word}.{self.domain or DEFAULT_DOMAIN}"
