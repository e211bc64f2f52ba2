"""What a new installation begins with."""

import uuid

from gatekey.errors import ConfigurationError
from gatekey.server.accounts.model import Member, Organisation, Role
from gatekey.server.clusters.decide import check_cluster, check_upstreams
from gatekey.server.clusters.model import Cluster
from gatekey.server.run.clock import utc_now
from gatekey.server.settings import Settings
from gatekey.server.signing_keys.keys import Algorithm, SigningKey
from gatekey.server.storage.stores.founding import Founding


def founding_of(settings: Settings) -> Founding:
    """Return the organisation, member, cluster and key that the settings name. Raises `ConfigurationError`."""
    organisation = Organisation(new_uuid(), settings.organisation)
    refused = check_cluster(settings.cluster, settings.region) or check_upstreams(
        settings.zeebe_grpc, settings.zeebe_rest
    )
    if refused:
        raise ConfigurationError(refused.public, hint="See GATEKEY_CLUSTER, GATEKEY_REGION, GATEKEY_ZEEBE_*.")
    cluster = Cluster(
        cluster_id=new_uuid(),
        organisation_id=organisation.organisation_id,
        name=settings.cluster,
        region=settings.region,
        grpc_upstream=settings.zeebe_grpc,
        rest_upstream=settings.zeebe_rest,
        created=utc_now(),
    )
    key = SigningKey.generate(Algorithm(settings.token_algorithm))
    return Founding(new_uuid(), organisation, _owner(settings, organisation.organisation_id), cluster, key)


def _owner(settings: Settings, organisation_id: str) -> Member:
    return Member(new_uuid(), settings.owner.lower(), roles={organisation_id: frozenset({Role.OWNER})})


def new_uuid() -> str:
    """Return a fresh id of an installation, an organisation or a cluster."""
    return str(uuid.uuid4())
