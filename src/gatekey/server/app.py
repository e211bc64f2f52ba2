"""
The composition root: the only file that knows every part and plugs neighbours into each other.
"""

import secrets
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from gatekey.errors import ConfigurationError
from gatekey.server.auditing.ports import Observer
from gatekey.server.clients.administration import ClientAdministration
from gatekey.server.clusters.addresses import Site
from gatekey.server.clusters.administration import ClusterAdministration
from gatekey.server.clusters.decide import check_cluster, check_upstreams
from gatekey.server.clusters.model import Cluster, Organisation
from gatekey.server.guarding.model import Address, GatewayView, GuardedCluster, read_address
from gatekey.server.issuing.keys import SigningKey
from gatekey.server.issuing.model import IssuingPolicy
from gatekey.server.issuing.tokens import TokenService
from gatekey.server.issuing.verification import TokenCheck
from gatekey.server.limiting.memory import MemoryLimiter
from gatekey.server.limiting.model import LimitPolicy
from gatekey.server.people.model import Member
from gatekey.server.people.sign_in import SignIn
from gatekey.server.settings import Settings
from gatekey.server.storage.client_store import SqlClientStore
from gatekey.server.storage.cluster_store import SqlClusterStore
from gatekey.server.storage.data_folder import DataFolder
from gatekey.server.storage.database import Database
from gatekey.server.storage.directory import Directory
from gatekey.server.storage.founding import Founding, found, is_founded
from gatekey.server.storage.master_key import MasterKey, load_master_key, read_master_key
from gatekey.server.storage.people_store import SqlPeopleStore
from gatekey.server.storage.sealing import Seal
from gatekey.server.web.console.rooms import Desk, console
from gatekey.server.web.discovery import Discovery
from gatekey.server.web.health import health_routes
from gatekey.server.web.secrets_api import SecretsApi
from gatekey.server.web.token_endpoint import PATHS, TokenEndpoint


@dataclass(frozen=True, slots=True)
class Installation:
    """
    An opened data folder with what people and programs may do to it; the command line and the service share it.
    """

    settings: Settings
    folder: DataFolder
    database: Database
    site: Site
    clients: ClientAdministration
    clusters: ClusterAdministration
    sign_in: SignIn
    master: MasterKey

    def close(self) -> None:
        """
        Close the database.
        """
        self.database.close()


def open_installation(settings: Settings, *, create: bool = False) -> Installation:
    """
    Open the data folder; `create` founds an installation where there is none. Raises `ServiceError`.
    """
    folder = DataFolder(settings.data.expanduser().absolute())
    if not create:
        folder.check_installed()
        return _opened(settings, folder, folder.recall_site())
    folder.create()
    with folder.founding():
        return _opened(settings, folder, None, create=True)


def _opened(settings: Settings, folder: DataFolder, remembered: Site | None, *, create: bool = False) -> Installation:
    master = _master_key(settings, folder)
    database = folder.open_database()
    seal = Seal(master.derive("storage"))
    if create and not is_founded(database):
        found(database, _founding(settings), seal, utc_now())
    return Installation(
        settings=settings,
        folder=folder,
        database=database,
        site=_site(settings, remembered),
        clients=ClientAdministration(
            SqlClientStore(database), master.derive("client secrets"), utc_now, secrets.choice
        ),
        clusters=ClusterAdministration(SqlClusterStore(database, seal), utc_now, _new_uuid),
        sign_in=SignIn(SqlPeopleStore(database), utc_now, _new_key),
        master=master,
    )


@dataclass(frozen=True, slots=True)
class Application:
    """
    The token endpoint, mounted beside (not inside) the framework that serves everything else.
    """

    tokens: ASGIApp
    others: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Hand one connection to its room.
        """
        # The path as sent: decoded, `/oauth%2ftoken` would be the endpoint here and something else for a proxy.
        room = self.tokens if scope["type"] == "http" and scope["raw_path"] in PATHS else self.others
        await room(scope, receive, send)


def compose(installation: Installation, directory: Directory, observer: Observer) -> Application:
    """
    Plug the parts of the service together.
    """
    settings, site = installation.settings, installation.site
    policy = IssuingPolicy(
        issuer=site.issuer,
        lifetime=settings.token_lifetime,
        audience_domain=site.audience_domain,
        gateway_hosts=frozenset({site.gateway.rpartition(":")[0].lower(), "localhost", "127.0.0.1"}),
    )
    pepper = installation.master.derive("client secrets")
    tokens = TokenService(directory, directory, policy, pepper, time.time, _new_token_id)
    limiter = MemoryLimiter(
        LimitPolicy(
            rate=settings.limit_rate,
            burst=settings.limit_burst,
            block_after=settings.limit_block_after,
            block_window=settings.limit_block_window,
            block_for=settings.limit_block_for,
            block_at_most=settings.limit_block_at_most,
            block_forgiven=settings.limit_block_forgiven,
        ),
        time.monotonic_ns,
    )
    desk = Desk(
        clients=installation.clients,
        clusters=installation.clusters,
        sign_in=installation.sign_in,
        site=site,
        secure_cookies=site.public_url.startswith("https:"),
        csrf_key=installation.master.derive("console forms"),
    )
    check = TokenCheck(directory, directory, policy, time.time)
    others = Starlette(
        routes=[
            *Discovery(site.issuer, directory).routes(),
            *SecretsApi(check, installation.clusters.store, observer).routes(),
            *health_routes(directory.refresh),
            *console(desk),
        ]
    )
    others.router.redirect_slashes = False  # it would send callers to whatever host they named in `Host`
    return Application(TokenEndpoint(tokens, limiter, observer), others)


def open_directory(installation: Installation) -> Directory:
    """
    Return the in-memory clients and keys; use it from one thread only.
    """
    return Directory(installation.folder.database_path, Seal(installation.master.derive("storage")))


def gateway_view(installation: Installation, clusters: Iterable[Cluster], keys: str) -> GatewayView:
    """
    Return what the gateway has to know; `keys` is the key set as JSON text.
    """
    site = installation.site
    host, _, port = installation.settings.gateway.rpartition(":")
    return GatewayView(
        listen=Address(host.strip("[]"), int(port)),
        issuer=site.issuer,
        keys=keys,
        domain=site.audience_domain,
        hosts=site.domain is not None,
        clusters=tuple(
            GuardedCluster(c.cluster_id, c.region, read_address(c.grpc_upstream), read_address(c.rest_upstream))
            for c in clusters
        ),
    )


def _master_key(settings: Settings, folder: DataFolder) -> MasterKey:
    if settings.master_key is not None:
        return read_master_key(settings.master_key.get_secret_value(), "GATEKEY_MASTER_KEY")
    if settings.master_key_file is not None:
        return load_master_key(settings.master_key_file)
    return folder.read_master_key()


def _site(settings: Settings, remembered: Site | None) -> Site:
    """
    Return where the service is: as set, else as the last `gatekey serve` noted, else as the defaults say.
    """
    site = Site(settings.reached_url, settings.reached_gateway, settings.domain or None)
    if remembered is None:
        return site
    given = settings.model_fields_set
    return Site(
        site.public_url if given & {"http", "public_url"} else remembered.public_url,
        site.gateway if given & {"gateway", "gateway_address"} else remembered.gateway,
        site.domain if "domain" in given else remembered.domain,
    )


def _founding(settings: Settings) -> Founding:
    organisation = Organisation(_new_uuid(), settings.organisation)
    refused = check_cluster(settings.cluster, settings.region) or check_upstreams(
        settings.zeebe_grpc, settings.zeebe_rest
    )
    if refused:
        raise ConfigurationError(refused.public, hint="See GATEKEY_CLUSTER, GATEKEY_REGION, GATEKEY_ZEEBE_*.")
    cluster = Cluster(
        cluster_id=_new_uuid(),
        organisation_id=organisation.organisation_id,
        name=settings.cluster,
        region=settings.region,
        grpc_upstream=settings.zeebe_grpc,
        rest_upstream=settings.zeebe_rest,
        created=utc_now(),
    )
    return Founding(organisation, Member(settings.owner), cluster, SigningKey.generate())


def utc_now() -> datetime:
    """
    Return the time as the whole service tells it.
    """
    return datetime.now(UTC)


def _new_uuid() -> str:
    return str(uuid.uuid4())


def _new_key() -> str:
    return secrets.token_urlsafe(32)


def _new_token_id() -> str:
    return secrets.token_urlsafe(16)
