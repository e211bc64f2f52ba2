"""What a program needs to know to connect, as the pages list it. Pure."""

from dataclasses import dataclass

from gatekey.oauth.addresses import ClusterAddresses
from gatekey.oauth.vocabulary import Scope, in_order


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: what it is and its value, ready to be copied."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Group:
    """Facts under one heading."""

    title: str
    facts: tuple[Fact, ...]


def connection(addresses: ClusterAddresses, scopes: frozenset[Scope]) -> tuple[Group, ...]:
    """Return ids, addresses and authentication for a client with these scopes, in the words of Camunda's console."""
    apis = {
        Scope.ZEEBE: (
            Fact("Zeebe address", addresses.zeebe),
            Fact("Zeebe gRPC API", addresses.grpc),
            Fact("Zeebe REST API", addresses.rest),
        ),
        Scope.TASKLIST: (Fact("Tasklist API", addresses.tasklist),),
        Scope.OPERATE: (Fact("Operate API", addresses.operate),),
        Scope.OPTIMIZE: (Fact("Optimize API", addresses.optimize),),
        Scope.SECRETS: (Fact("Secrets API", addresses.secrets),),
    }
    granted = in_order(scopes)
    return (
        Group("Cluster", (Fact("Cluster ID", addresses.cluster_id), Fact("Region", addresses.region))),
        Group("Addresses", tuple(fact for scope in granted for fact in apis[scope])),
        Group(
            "Authentication",
            (
                Fact("Authentication URL", addresses.token_url),
                *(Fact(f"{scope} audience", addresses.audience(scope)) for scope in granted),
            ),
        ),
    )
