"""
Which scope an audience stands for, in every spelling that clients use.
"""

from gatekey.server.issuing.model import IssuingPolicy, KnownClient
from gatekey.wire.vocabulary import DEFAULT_DOMAIN, Scope

_BY_WORD = {scope.audience_word: scope for scope in Scope}


def read_audience(audience: str | None, client: KnownClient, policy: IssuingPolicy) -> Scope | None:
    """
    Return the scope that `audience` stands for, or None when it is not one of ours.

    Known spellings: `zeebe.<domain>` and its like for every API, under our domain and under the one the clients have
    built in; `<cluster>.<region>.zeebe.<domain>` and the older `<cluster>.zeebe.<domain>` (zbctl, zeebe-node and
    pyzeebe 3 derive them from the address), with or without a port; the gateway's own host, which zbctl sends when
    it is given nothing but an address. No audience at all means Zeebe, or the only other scope there is.
    """
    if audience is None:
        return _without_audience(client)
    host = audience.lower().partition(":")[0]
    if host in policy.gateway_hosts:
        return Scope.ZEEBE
    for domain in (policy.audience_domain, DEFAULT_DOMAIN):
        prefix = host.removesuffix(f".{domain}")
        if prefix == host:
            continue
        if prefix in _BY_WORD:
            return _BY_WORD[prefix]
        if prefix in (f"{client.cluster_id}.{client.region}.zeebe", f"{client.cluster_id}.zeebe"):
            return Scope.ZEEBE
    return None


def _without_audience(client: KnownClient) -> Scope | None:
    if Scope.ZEEBE in client.scopes:
        return Scope.ZEEBE
    return next(iter(client.scopes)) if len(client.scopes) == 1 else None


def name_audience(scope: Scope, policy: IssuingPolicy) -> str:
    """
    Return the one spelling that stands in tokens, whichever was asked for.
    """
    return f"{scope.audience_word}.{policy.audience_domain}"
