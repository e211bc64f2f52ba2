"""What a room of the console is given: the services to ask at, and who came with which form."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from starlette.requests import Request

from gatekey.http.csrf import csrf_token
from gatekey.oauth.secret_text import SecretText
from gatekey.server.accounts.model import Member
from gatekey.server.accounts.sign_in import SignIn
from gatekey.server.clients.administration import ClientAdministration
from gatekey.server.clients.secret_administration import SecretAdministration
from gatekey.server.clusters.addresses import Site
from gatekey.server.clusters.administration import ClusterAdministration
from gatekey.server.clusters.model import Cluster
from gatekey.server.console.base.forms import Form
from gatekey.server.limits.administration import LimitAdministration
from gatekey.server.traffic.explanations import Explanations


@dataclass(frozen=True)
class ConsoleServices:
    """
    The use cases that the console calls, and its settings.

    `secure_cookies` where people come over HTTPS; `csrf_key` is 32 random bytes, the same on every worker.
    `is_demo` says whether this service runs a cluster's upstream itself, for trying. `silent_upstreams` returns, by
    cluster id, the addresses behind a cluster at which nothing answers now.
    """

    clients: ClientAdministration
    secrets: SecretAdministration
    clusters: ClusterAdministration
    sign_in: SignIn
    limits: LimitAdministration
    explanations: Explanations
    site: Site
    secure_cookies: bool
    csrf_key: bytes
    is_demo: Callable[[Cluster], bool]
    silent_upstreams: Callable[[Iterable[Cluster]], Mapping[str, tuple[str, ...]]]

    @property
    def cookie(self) -> str:
        """The session cookie's name; a `__Host-` cookie can be set by this very host only, over HTTPS (RFC 6265bis)."""
        return "__Host-gatekey" if self.secure_cookies else "gatekey"


@dataclass(frozen=True, slots=True)
class AnonymousContext:
    """A request that needs no session."""

    services: ConsoleServices
    request: Request
    form: Form


@dataclass(frozen=True, slots=True)
class MemberContext:
    """A request of a member, with a form that our own page sent (empty for GET)."""

    services: ConsoleServices
    request: Request
    form: Form
    member: Member
    session: SecretText

    @property
    def csrf(self) -> str:
        """The token that each form of this session carries."""
        return csrf_token(self.services.csrf_key, self.session)
