"""
The composition root: the only file that knows every part and plugs neighbours into each other.
"""

import secrets
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from starlette.applications import Starlette
from starlette.types import ASGIApp

from gatekey.errors import ConfigurationError
from gatekey.server.auditing.ports import Observer
from gatekey.server.auditing.telling import Observers
from gatekey.server.clients.administration import ClientAdministration
from gatekey.server.clients.key_administration import KeyAdministration
from gatekey.server.clients.secret_administration import SecretAdministration
from gatekey.server.clusters.addresses import Site
from gatekey.server.clusters.administration import ClusterAdministration
from gatekey.server.clusters.decide import check_cluster, check_upstreams
from gatekey.server.clusters.model import Cluster, Organisation
from gatekey.server.guarding.model import Address, GatewayView
from gatekey.server.guarding.revocations import Subject
from gatekey.server.issuing.assertions import AssertionCheck
from gatekey.server.issuing.authentication import ClientAuthentication
from gatekey.server.issuing.keys import Algorithm, SigningKey, encode_segment
from gatekey.server.issuing.model import IssuingPolicy, TokenForm
from gatekey.server.issuing.rotation import KeyLife, RotationPolicy, due
from gatekey.server.issuing.token_life import TokenLife
from gatekey.server.issuing.tokens import TokenService
from gatekey.server.issuing.verification import TokenCheck
from gatekey.server.limiting.memory import MemoryLimiter
from gatekey.server.limiting.model import LimitPolicy
from gatekey.server.limiting.ports import Limiter
from gatekey.server.limiting.shared import SharedLimiter
from gatekey.server.observing.logs import LogObserver
from gatekey.server.observing.metrics import MetricsObserver
from gatekey.server.people.model import Member
from gatekey.server.people.sign_in import SignIn
from gatekey.server.settings import Settings, reachable
from gatekey.server.storage.client_store import SqlClientStore
from gatekey.server.storage.cluster_store import SqlClusterStore
from gatekey.server.storage.data_folder import DataFolder
from gatekey.server.storage.database import Database
from gatekey.server.storage.directory import Directory
from gatekey.server.storage.founding import Founding, found, is_founded
from gatekey.server.storage.key_store import SqlKeyStore
from gatekey.server.storage.master_key import MasterKey, load_master_key, read_master_key
from gatekey.server.storage.people_store import SqlPeopleStore
from gatekey.server.storage.revocation_store import SqlRevocationStore, SqlSpentAssertions
from gatekey.server.storage.sealing import Seal
from gatekey.server.storage.secret_store import SqlSecretStore
from gatekey.server.storage.tls import TlsFolder
from gatekey.server.storage.use_recorder import UseRecorder
from gatekey.server.translating import guarded_cluster
from gatekey.server.web.application import Application
from gatekey.server.web.console.rooms import Desk, console
from gatekey.server.web.discovery import Discovery
from gatekey.server.web.forward_auth import CurrentView, ForwardAuth
from gatekey.server.web.health import health_routes
from gatekey.server.web.leaks import PATH as LEAKS_PATH
from gatekey.server.web.leaks import LeakEndpoint
from gatekey.server.web.revocation_feed import RevocationFeed
from gatekey.server.web.secrets_api import SecretsApi
from gatekey.server.web.token_endpoint import PATHS, TokenEndpoint
from gatekey.server.web.token_life import (
    INTROSPECTION_PATH,
    REVOCATION_PATH,
    IntrospectionEndpoint,
    RevocationEndpoint,
)


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
    secrets: SecretAdministration
    client_keys: KeyAdministration
    keys: SqlKeyStore
    revocations: SqlRevocationStore
    rotation: RotationPolicy
    clusters: ClusterAdministration
    sign_in: SignIn
    master: MasterKey
    tls: TlsFolder | None

    def rotate_if_due(self) -> KeyLife | None:
        """
        Rotate the signing key when its time has come; any worker may ask, one does it.
        """
        return self.keys.rotate(lambda lives: due(lives, self.rotation, time.time()), by="gatekey", at=utc_now())

    @property
    def gateway_key(self) -> str:
        """
        The key by which gateways prove that they belong to this installation.
        """
        return encode_segment(self.master.derive("gateways"))

    def use_recorder(self) -> UseRecorder:
        """
        Return an observer that notes the last use of secrets.
        """
        return UseRecorder(SqlSecretStore(self.database, timedelta(seconds=self.settings.token_lifetime_max)))

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
        return _open(settings, folder, _master_key(settings, folder), folder.open_database(), folder.recall_site())
    with folder.creating():
        master = _master_key(settings, folder, create=True)
        database = folder.open_database(create=True)
        if not is_founded(database):
            found(database, _founding(settings), Seal(master.derive("storage")), utc_now())
        installation = _open(settings, folder, master, database, None)
        installation.rotate_if_due()
        return installation


def _open(
    settings: Settings, folder: DataFolder, master: MasterKey, database: Database, remembered: Site | None
) -> Installation:
    seal = Seal(master.derive("storage"))
    keys = SqlKeyStore(database, seal)
    longest_life = timedelta(seconds=settings.token_lifetime_max)
    secret_store = SqlSecretStore(database, longest_life)
    pepper = master.derive("client secrets")
    tls = None
    if settings.tls != "off":
        tls = TlsFolder.of(folder.tls_path, settings.tls_certificate, settings.tls_key)
    return Installation(
        settings=settings,
        folder=folder,
        database=database,
        site=_site(settings, tls, remembered),
        clients=ClientAdministration(
            SqlClientStore(database, longest_life),
            secret_store,
            settings.token_lifetime_max,
            pepper,
            utc_now,
            secrets.choice,
        ),
        secrets=SecretAdministration(secret_store, pepper, utc_now, secrets.choice),
        client_keys=KeyAdministration(secret_store, utc_now),
        keys=keys,
        revocations=SqlRevocationStore(database),
        rotation=_rotation(settings),
        clusters=ClusterAdministration(SqlClusterStore(database, seal), utc_now, _new_uuid),
        sign_in=SignIn(SqlPeopleStore(database), utc_now, _new_key),
        master=master,
        tls=tls,
    )


def make_observer(settings: Settings) -> Observer:
    """
    Return what one process tells of: logs, and counters where they are wanted.
    """
    logs = LogObserver(settings.log_level)
    return Observers((logs, MetricsObserver())) if settings.metrics else logs


def make_limiter(settings: Settings, shared: Path | None) -> Limiter:
    """
    Return the limiter of one process, or of all that share the file.
    """
    policy = _limit_policy(settings)
    if shared is None:
        return MemoryLimiter(policy, time.monotonic_ns)
    return SharedLimiter.open(shared, policy, time.monotonic_ns)


def compose(installation: Installation, directory: Directory, observer: Observer, limiter: Limiter) -> Application:
    """
    Plug the parts of the service together.
    """
    policy = issuing_policy(installation)
    check = TokenCheck(directory, directory, policy, time.time)
    endpoints = _endpoints(installation, directory, observer, limiter)
    others = Starlette(
        routes=[
            *Discovery(policy.issuer, directory).routes(),
            *SecretsApi(check, installation.clusters.store, observer).routes(),
            *RevocationFeed(
                installation.revocations, installation.gateway_key, observer, directory.refresh, time.time
            ).routes(),
            *health_routes(directory.refresh),
            *console(_desk(installation)),
        ]
    )
    others.router.redirect_slashes = False  # its redirects name whatever host the caller named
    view = CurrentView(directory.refresh, lambda: gateway_view(installation, installation.clusters.all(), keys=""))
    decisions = ForwardAuth(check, view, observer, installation.gateway_key.encode())
    at_once = {path: room for path, room in endpoints.items() if isinstance(room, TokenEndpoint)}
    return Application(endpoints, at_once, decisions, others)


def _endpoints(
    installation: Installation, directory: Directory, observer: Observer, limiter: Limiter
) -> Mapping[bytes, ASGIApp]:
    master = installation.master
    check = TokenCheck(directory, directory, issuing_policy(installation), time.time)
    issuer = check.policy.issuer
    authentication = ClientAuthentication(
        directory,
        AssertionCheck(
            SqlSpentAssertions(installation.database), frozenset({issuer, f"{issuer}/oauth/token"}), time.time
        ),
        master.derive("client secrets"),
        time.time,
    )
    tokens = TokenService(
        authentication, directory, directory, check.policy, master.derive("storm shield"), time.time, _new_token_id
    )
    life = TokenLife(authentication, check, installation.revocations, time.time)
    token_endpoint = TokenEndpoint(limiter, observer, tokens)
    return {
        **dict.fromkeys(PATHS, token_endpoint),
        INTROSPECTION_PATH.encode(): IntrospectionEndpoint(limiter, observer, life),
        REVOCATION_PATH.encode(): RevocationEndpoint(limiter, observer, life),
        LEAKS_PATH.encode(): LeakEndpoint(limiter, observer, installation.secrets),
    }


def issuing_policy(installation: Installation) -> IssuingPolicy:
    """
    Return what all tokens of the installation have in common.
    """
    settings, site = installation.settings, installation.site
    return IssuingPolicy(
        issuer=site.issuer,
        lifetime=settings.token_lifetime,
        audience_domain=site.audience_domain,
        gateway_hosts=frozenset({site.gateway.rpartition(":")[0].lower(), "localhost", "127.0.0.1"}),
        form=TokenForm(settings.token_form),
        shield_window=settings.storm_shield,
        longest_life=settings.token_lifetime_max,
    )


def _limit_policy(settings: Settings) -> LimitPolicy:
    return LimitPolicy(
        rate=settings.limit_rate,
        burst=settings.limit_burst,
        block_after=settings.limit_block_after,
        block_window=settings.limit_block_window,
        block_for=settings.limit_block_for,
        block_at_most=settings.limit_block_at_most,
        block_forgiven=settings.limit_block_forgiven,
    )


def _rotation(settings: Settings) -> RotationPolicy:
    return RotationPolicy(
        algorithm=Algorithm(settings.token_algorithm),
        lifetime=settings.token_lifetime_max,
        sign_for=settings.key_sign_for,
        lead=settings.key_lead,
    )


def _desk(installation: Installation) -> Desk:
    return Desk(
        clients=installation.clients,
        secrets=installation.secrets,
        clusters=installation.clusters,
        sign_in=installation.sign_in,
        site=installation.site,
        secure_cookies=installation.site.public_url.startswith("https:"),
        csrf_key=installation.master.derive("console forms"),
    )


def open_directory(installation: Installation) -> Directory:
    """
    Return the in-memory clients and keys; use it from one thread only.
    """
    return Directory(installation.folder.database_path, Seal(installation.master.derive("storage")), time.time)


def gateway_view(
    installation: Installation, clusters: Iterable[Cluster], keys: str, revocations: Mapping[Subject, int] | None = None
) -> GatewayView:
    """
    Return what the gateway has to know; `keys` is the key set as JSON text.

    Whoever looks tokens up anyway (and so refuses revoked ones) needs no `revocations` here.
    """
    site = installation.site
    host, _, port = installation.settings.gateway.rpartition(":")
    return GatewayView(
        listen=Address(host.strip("[]"), int(port)),
        issuer=site.issuer,
        keys=keys,
        domain=site.audience_domain,
        hosts=site.domain is not None,
        clusters=tuple(guarded_cluster(cluster) for cluster in clusters),
        revocations=revocations or {},
        stream_life=installation.settings.stream_life,
        certificate=installation.tls.files if installation.tls else None,
    )


def _master_key(settings: Settings, folder: DataFolder, *, create: bool = False) -> MasterKey:
    if settings.master_key is not None:
        return read_master_key(settings.master_key.get_secret_value(), "GATEKEY_MASTER_KEY")
    if settings.master_key_file is not None:
        return load_master_key(settings.master_key_file)
    return folder.read_master_key(create=create)


def _site(settings: Settings, tls: TlsFolder | None, remembered: Site | None) -> Site:
    """
    Return where the service is: as set, else as the last `gatekey serve` noted, else as the defaults say.
    """
    authority = None if tls is None or tls.authority is None else str(tls.authority)
    site = Site(settings.reached_url, settings.reached_gateway, settings.domain or None, tls is not None, authority)
    if remembered is None:
        return site
    given = settings.model_fields_set
    url = remembered.public_url
    if given & {"public_url", "tls"}:
        url = site.public_url
    elif "http" in given:
        # Where the service listens says nothing about TLS: the last start does.
        url = f"{'https' if remembered.tls else 'http'}://{reachable(settings.http)}"
    return Site(
        url,
        site.gateway if given & {"gateway", "gateway_address"} else remembered.gateway,
        site.domain if "domain" in given else remembered.domain,
        site.tls if "tls" in given else remembered.tls,
        site.authority if "tls" in given else remembered.authority,
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
    key = SigningKey.generate(Algorithm(settings.token_algorithm))
    return Founding(organisation, Member(settings.owner), cluster, key)


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
