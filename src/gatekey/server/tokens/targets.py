"""Which scope a request is after: by `audience`, `resource` or `scope`, in every spelling that clients use."""

from urllib.parse import urlsplit

from gatekey.oauth.token_request import TokenRequest
from gatekey.oauth.vocabulary import DEFAULT_DOMAIN, Scope
from gatekey.server.tokens.model import IssuingPolicy, KnownClient, Refusal, Refused

_BY_AUDIENCE_WORD = {scope.audience_word: scope for scope in Scope}
_BY_HOST_WORD = {**{scope.audience_word: scope for scope in Scope if scope is not Scope.SECRETS}, "api": Scope.ZEEBE}
_BY_WORD = {scope.value.lower(): scope for scope in Scope}


def choose_scope(request: TokenRequest, client: KnownClient, policy: IssuingPolicy) -> Scope | Refused:
    """
    Return the scope that the token will open, or why there is none.

    `audience` and each `resource` name an API, and all must agree: a token opens one (RFC 8707 section 2). Without them
    a single word of ours in `scope` decides; without any the answer is Zeebe, or the only scope there is. Words in
    `scope` that are not ours are ignored, as RFC 6749 section 3.3 allows: clients configured for other servers send
    `openid` and the like.
    """
    words = [_BY_WORD[word.lower()] for word in request.scopes if word.lower() in _BY_WORD]
    asked = [*request.resources] if request.audience is None else [request.audience, *request.resources]
    named = [_named(name, client, policy) for name in asked]
    if None in named:
        if request.audience is not None:
            return Refused(
                Refusal.UNKNOWN_AUDIENCE,
                "The audience is not one of this cluster's APIs.",
                "unknown audience",
                client.client_id,
            )
        return _invalid_target("The resource is not one of this cluster's APIs.", client)
    if len(set(named)) > 1:
        return _invalid_target("The audience and the resources are different APIs: ask for one token each.", client)
    scope = named[0] if named else _without_name(words, client)
    missing = [word for word in [*([scope] if scope else []), *words] if word not in client.scopes]
    if scope is None or missing:
        wanted = missing[0] if missing else "any API"
        return Refused(
            Refusal.SCOPE_NOT_GRANTED,
            f"The client does not have the scope {wanted}." if missing else "Name the audience the token is for.",
            f"scope {wanted} not granted",
            client.client_id,
        )
    return scope


def _without_name(words: list[Scope], client: KnownClient) -> Scope | None:
    if len(words) == 1:
        return words[0]
    if Scope.ZEEBE in client.scopes:
        return Scope.ZEEBE
    return next(iter(client.scopes)) if len(client.scopes) == 1 else None


def _named(name: str, client: KnownClient, policy: IssuingPolicy) -> Scope | None:
    """
    Return the scope of one audience or resource.

    Known spellings: `zeebe.<domain>` and its like for every API, under our domain and under the one the clients have
    built in; the hosts of the client's region, `<region>.zeebe.<domain>` or `<region>.api.<domain>`, which MCP clients
    name as the resource; `<cluster>.<region>.zeebe.<domain>` and the older `<cluster>.zeebe.<domain>`, which zbctl,
    zeebe-node and pyzeebe 3 derive from the address; the gateway's own host, which zbctl sends when it is given nothing
    but an address. With or without a port, each as a URL too.
    """
    host = _host(name)
    if host in policy.gateway_hosts:
        return Scope.ZEEBE
    for domain in (policy.audience_domain, DEFAULT_DOMAIN):
        prefix = host.removesuffix(f".{domain}")
        if prefix == host:
            continue
        if prefix in _BY_AUDIENCE_WORD:
            return _BY_AUDIENCE_WORD[prefix]
        region, _, word = prefix.rpartition(".")
        if region == client.region and word in _BY_HOST_WORD:
            return _BY_HOST_WORD[word]
        own = {f"{client.cluster_id}.{client.region}.{word}" for word in ("zeebe", "privateconnectivity")}
        if prefix in {*own, f"{client.cluster_id}.zeebe"}:
            return Scope.ZEEBE
    return None


def _host(name: str) -> str:
    if "://" in name:
        try:
            return urlsplit(name).hostname or ""
        except ValueError:
            return ""
    return name.lower().partition(":")[0]


def _invalid_target(public: str, client: KnownClient) -> Refused:
    return Refused(Refusal.INVALID_TARGET, public, "resource not acceptable", client.client_id)


def name_audience(scope: Scope, policy: IssuingPolicy) -> str:
    """Return the one spelling that stands in tokens, whichever was asked for."""
    return f"{scope.audience_word}.{policy.audience_domain}"
