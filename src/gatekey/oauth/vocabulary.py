"""Words that the token service, the gateway, the console and the clients share."""

from enum import StrEnum

CLUSTER_CLAIM = "https://camunda.com/clusterId"
"""Binds a token to one cluster; Camunda's own services compare it with their own id."""

ORGANISATION_CLAIM = "https://camunda.com/orgId"
CLIENT_CLAIM = "https://camunda.com/clientId"

CREDENTIAL_CLAIM = "credential_id"
"""Our own: which secret or key got the token, so that a leaked one's tokens can be revoked and no others."""

BEARER = "Bearer"
"""The `token_type` of every token (RFC 6750)."""

DEFAULT_DOMAIN = "camunda.io"
"""The domain that the official clients have built into their default audiences, such as `zeebe.camunda.io`."""


class Scope(StrEnum):
    """What an API client may reach; the values are the exact words of `CAMUNDA_CREDENTIALS_SCOPES`."""

    ZEEBE = "Zeebe"
    TASKLIST = "Tasklist"
    OPERATE = "Operate"
    OPTIMIZE = "Optimize"
    SECRETS = "Secrets"

    @property
    def audience_word(self) -> str:
        """The first label of the scope's audience: `zeebe` in `zeebe.camunda.io`."""
        return self.value.lower()


def in_order(scopes: frozenset[Scope]) -> tuple[Scope, ...]:
    """Return the scopes in the order in which Camunda's console lists them."""
    return tuple(scope for scope in Scope if scope in scopes)
