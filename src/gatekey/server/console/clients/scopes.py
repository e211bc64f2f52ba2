"""The scopes as a person chooses them."""

from typing import Final

from gatekey.oauth.vocabulary import Scope

OPENS: Final = {
    Scope.ZEEBE: "Deploy processes, start instances, work on jobs: the gRPC and REST APIs",
    Scope.TASKLIST: "Find and complete user tasks: the GraphQL and REST APIs",
    Scope.OPERATE: "Read process instances and incidents: the REST API",
    Scope.OPTIMIZE: "Read reports, ingest data: the REST API",
    Scope.SECRETS: "Read this cluster's secrets, for connectors that run elsewhere",
}
"""What each scope opens, as a person chooses it."""
