"""An opened data folder with all that people and programs may do to it."""

import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gatekey.errors import StorageUnavailable
from gatekey.server.accounts.administration import AccountAdministration
from gatekey.server.accounts.sign_in import SignIn
from gatekey.server.clients.administration import ClientAdministration
from gatekey.server.clients.key_administration import KeyAdministration
from gatekey.server.clients.secret_administration import SecretAdministration
from gatekey.server.clusters.addresses import Site
from gatekey.server.clusters.administration import ClusterAdministration
from gatekey.server.run.clock import utc_now
from gatekey.server.run.founding import founding_of, new_uuid
from gatekey.server.run.site import site_of
from gatekey.server.settings import Settings
from gatekey.server.signing_keys.keys import Algorithm, encode_segment
from gatekey.server.signing_keys.rotation import KeyLife, RotationPolicy, due
from gatekey.server.storage.folder import DataFolder
from gatekey.server.storage.sql.database import Database
from gatekey.server.storage.stores.account_store import SqlAccountStore
from gatekey.server.storage.stores.audit_log import SqlAuditLog
from gatekey.server.storage.stores.client_store import SqlClientStore
from gatekey.server.storage.stores.cluster_store import SqlClusterStore
from gatekey.server.storage.stores.founding import found, is_founded
from gatekey.server.storage.stores.key_store import SqlKeyStore
from gatekey.server.storage.stores.revocation_store import SqlRevocationStore
from gatekey.server.storage.stores.secret_store import SqlSecretStore
from gatekey.server.vault.master_key import MasterKey, load_master_key, read_master_key
from gatekey.server.vault.sealing import Seal

if TYPE_CHECKING:
    from gatekey.server.certificates import TlsFolder
    from gatekey.server.run.operating import Operating


@dataclass(frozen=True, slots=True)
class Installation:
    """An opened data folder with what people and programs may do to it; the command line and the service share it."""

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
    accounts: AccountAdministration
    audit: SqlAuditLog
    master: MasterKey
    tls: "TlsFolder | None"
    is_new: bool = False

    def rotate_if_due(self) -> KeyLife | None:
        """Rotate the signing key when its time has come; any worker may ask, one does it."""
        return self.keys.rotate(lambda lives: due(lives, self.rotation, time.time()), by="gatekey", at=utc_now())

    @property
    def gateway_key(self) -> str:
        """The key by which gateways prove that they belong to this installation."""
        return encode_segment(self.master.derive("gateways"))

    @property
    def operating(self) -> "Operating":
        """What operators work with."""
        # Imported here: most commands, and a worker that only issues tokens, never explain anything.
        from gatekey.server.run.operating import Operating

        return Operating.of(self.database, self.master, self.settings)

    def close(self) -> None:
        """Close the database; what was changed is in the file itself by then, so that a copy of it holds it."""
        with suppress(StorageUnavailable):
            self.database.checkpoint()
        self.database.close()


def folder_of(settings: Settings) -> DataFolder:
    """Return the data folder that the settings name."""
    return DataFolder(settings.data.expanduser().absolute())


def external_key(settings: Settings) -> MasterKey | None:
    """Return the master key that the settings hold or name; None where it is in the data folder."""
    if settings.master_key is not None:
        return read_master_key(settings.master_key.get_secret_value(), "GATEKEY_MASTER_KEY")
    return None if settings.master_key_file is None else load_master_key(settings.master_key_file)


def open_installation(settings: Settings, *, create: bool = False) -> Installation:
    """Open the data folder; `create` founds an installation where there is none. Raises `ServiceError`."""
    folder = folder_of(settings)
    if not create:
        return _open(settings, folder, _master_key(settings, folder), folder.open_database(), folder.recall_site())
    with folder.creating():
        master = _master_key(settings, folder, create=True)
        database = folder.open_database(create=True)
        is_new = not is_founded(database)
        if is_new:
            found(database, founding_of(settings), Seal(master.derive("storage")), utc_now())
        folder.check_installation(database)
        installation = _open(settings, folder, master, database, None)
        installation.rotate_if_due()
        return replace(installation, is_new=is_new)


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
        # Imported here: certificates are a tenth of what a command imports.
        from gatekey.server.certificates import TlsFolder

        tls = TlsFolder.of(folder.tls_path, settings.tls_certificate, settings.tls_key)
    return Installation(
        settings=settings,
        folder=folder,
        database=database,
        site=site_of(settings, tls, remembered),
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
        clusters=ClusterAdministration(SqlClusterStore(database, seal), utc_now, new_uuid),
        sign_in=SignIn(SqlAccountStore(database), utc_now, _new_key),
        accounts=AccountAdministration(SqlAccountStore(database), utc_now, new_uuid),
        audit=SqlAuditLog(database),
        master=master,
        tls=tls,
    )


def _rotation(settings: Settings) -> RotationPolicy:
    return RotationPolicy(
        algorithm=Algorithm(settings.token_algorithm),
        lifetime=settings.token_lifetime_max,
        sign_for=settings.key_sign_for,
        lead=settings.key_lead,
    )


def _master_key(settings: Settings, folder: DataFolder, *, create: bool = False) -> MasterKey:
    return external_key(settings) or folder.read_master_key(create=create)


def _new_key() -> str:
    return secrets.token_urlsafe(32)
