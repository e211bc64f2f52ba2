"""
The order of the checks, and which of them make sense after an earlier one failed.

Pure: yields findings and probes, gets the probes' replies. At most two token requests leave, one for each audience.
"""

from collections.abc import Iterable
from typing import TypeVar, cast

from gatekey.client.acquire import Send
from gatekey.client.answer import read_claims
from gatekey.client.config.authentication import token_request
from gatekey.client.config.reading import CredentialsFile
from gatekey.client.config.settings import (
    CERTIFICATE_FILES,
    CLUSTER_ID,
    GRPC_ADDRESS,
    REST_ADDRESS,
    ZEEBE_ADDRESS,
    ClientSettings,
    Place,
    find,
    granted_scopes,
    resolve,
)
from gatekey.client.doctor import api_checks, file_checks, token_checks
from gatekey.client.doctor.endpoint import Endpoint, endpoint_of
from gatekey.client.doctor.model import (
    AskProxy,
    AskTime,
    Check,
    Connect,
    Examination,
    NotReached,
    Outcome,
    Probe,
    ProxyFound,
    Reached,
    Reply,
    Resolve,
    Secure,
    TimeTold,
    Trust,
    fine,
    skipped,
    wrong,
)
from gatekey.client.http import HttpRequest, HttpResponse, shown
from gatekey.errors import ConfigurationError
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.vocabulary import Scope, in_order

R = TypeVar("R", bound=Reply)

HTTP = "http/1.1"
GRPC = "h2"
"""ALPN names (RFC 7301); grpc-python refuses a server that does not choose h2."""

NO_TOKEN = "there is no token to try"  # noqa: S105 - words

REACHING = (Check.TOKEN_DNS, Check.TOKEN_TCP, Check.TOKEN_TLS)
ASKING = (Check.TOKEN_HTTP, Check.CLOCK, Check.TOKEN, Check.CLAIMS)
CALLING = (Check.REST_GUARD, Check.REST, Check.GRPC, Check.SECRETS)


def examine(file: CredentialsFile) -> Examination[None]:
    """Examine a credentials file from its shape to the APIs' answers; every check of the report yields one finding."""
    place = file.place
    yield from file_checks.check_file(file)
    names = file_checks.check_names(place)
    yield names
    if names.outcome is Outcome.WRONG:
        rest = (Check.CLIENT_ID, Check.CLIENT_SECRET, Check.CERTIFICATES, Check.TOKEN_URL, *REACHING, *ASKING, *CALLING)
        yield from _skip(rest, "the names in the file must be mended first")
        return
    shapes = (file_checks.check_client_id(place), file_checks.check_client_secret(place))
    yield from shapes
    if not (yield from _examine_certificates(place)):
        yield from _skip((Check.TOKEN_URL, *REACHING, *ASKING, *CALLING), "the certificates must be mended first")
        return
    scopes = granted_scopes([place])
    settings = yield from _settle(place, _first_scope(scopes))
    damaged = any(shape.outcome is Outcome.WRONG for shape in shapes)
    token = (yield from _examine_token(settings, place, damaged=damaged)) if settings else None
    yield from _examine_rest(place, scopes, token)
    yield from _examine_grpc(place)
    yield from _examine_secrets(place, scopes, settings if token else None)


def _examine_certificates(place: Place) -> Examination[bool]:
    """
    Check the certificate files before anything is done with them: a missing authority would look like a wrong
    server.
    """
    named = dict.fromkeys(found.value for one in CERTIFICATE_FILES if (found := find(one, [place])))
    if not named:
        yield skipped(Check.CERTIFICATES, "the file names none: those of this machine count")
        return True
    reply = yield from _touch(Trust())
    if isinstance(reply, NotReached):
        yield wrong(Check.CERTIFICATES, f"{', '.join(named)} cannot be used: {reply.detail}", reply.kind.cure)
        return False
    yield fine(Check.CERTIFICATES, f"{', '.join(named)} can be read")
    return True


def _settle(place: Place, scope: Scope) -> Examination[ClientSettings | None]:
    try:
        settings = resolve([place], scope)
    except ConfigurationError as error:  # nothing is missing any more: it is the URL
        yield wrong(Check.TOKEN_URL, error.message, error.hint)
        yield from _skip((*REACHING, *ASKING), "there is no usable token URL")
        return None
    yield token_checks.check_url(settings)
    return settings


def _examine_token(settings: ClientSettings, place: Place, *, damaged: bool) -> Examination[SecretText | None]:
    """
    Ask for a token, save with damaged credentials: those are refused for certain, and the refusal would cost the
    limit.
    """
    reached = yield from _reach(settings.token_url)
    if damaged or not reached:
        yield from _skip(ASKING, "id and secret must be mended first" if damaged else "no way to the token endpoint")
        return None
    reply = yield from _fetch(token_request(settings))
    if isinstance(reply, NotReached):
        yield wrong(Check.TOKEN_HTTP, str(reply), reply.kind.cure)
        yield from _skip(ASKING[1:], "the token endpoint did not answer")
        return None
    yield fine(Check.TOKEN_HTTP, f"answered {reply.status}{token_checks.budget(reply)}")
    time = yield from _probe(AskTime(), TimeTold)
    yield token_checks.check_clock(reply, time.now)
    finding, answer = token_checks.judge_answer(reply, settings)
    yield finding
    if answer is None:
        yield skipped(Check.CLAIMS, NO_TOKEN)
        return None
    cluster = find(CLUSTER_ID, [place])
    claims = read_claims(answer.access_token)
    yield token_checks.check_claims(claims, answer, settings, cluster.value if cluster else None)
    return answer.access_token


def _reach(url: str) -> Examination[bool]:
    """Check name, connection and TLS one by one, so that the first kind is named and not its consequence."""
    proxy = (yield from _probe(AskProxy(url), ProxyFound)).proxy
    if proxy:
        yield from _skip(REACHING, f"requests go through the proxy {proxy}")
        return True
    endpoint = cast("Endpoint", endpoint_of(url))  # never None: `resolve` refuses a URL without a host
    steps: tuple[tuple[Check, Resolve | Connect | Secure], ...] = (
        (Check.TOKEN_DNS, Resolve(endpoint.host, endpoint.port)),
        (Check.TOKEN_TCP, Connect(endpoint.host, endpoint.port)),
        (Check.TOKEN_TLS, Secure(endpoint.host, endpoint.port, HTTP)),
    )
    for number, (check, probe) in enumerate(steps):
        if isinstance(probe, Secure) and not endpoint.secure:
            yield skipped(check, "the address is http")
            continue
        reply = yield from _touch(probe)
        if isinstance(reply, NotReached):
            yield wrong(check, f"{endpoint.host} port {endpoint.port}: {reply}", reply.kind.cure)
            yield from _skip((later for later, _ in steps[number + 1 :]), "the step before failed")
            return False
        yield fine(check, reply.detail)
    return True


def _examine_rest(place: Place, scopes: frozenset[Scope] | None, token: SecretText | None) -> Examination[None]:
    both = (Check.REST_GUARD, Check.REST)
    found = find(REST_ADDRESS, [place])
    if found is None or (scopes is not None and Scope.ZEEBE not in scopes):
        yield from _skip(both, "the file names no REST address" if found is None else "the client has no Zeebe scope")
        return
    if problem := api_checks.check_rest_address(found.value):
        yield skipped(Check.REST_GUARD, "the REST address must be mended first")
        yield problem
        return
    url = api_checks.topology_url(found.value)
    reply = yield from _fetch(api_checks.api_request(url, None))
    if isinstance(reply, NotReached):
        yield skipped(Check.REST_GUARD, "the REST API cannot be reached")
        yield wrong(Check.REST, f"{shown(url)}: {reply}", reply.kind.cure)
        return
    yield api_checks.judge_guard(reply)
    if token is None:
        yield skipped(Check.REST, NO_TOKEN)
        return
    reply = yield from _fetch(api_checks.api_request(url, token))
    if isinstance(reply, NotReached):
        yield wrong(Check.REST, f"{shown(url)}: {reply}", reply.kind.cure)
    else:
        yield api_checks.judge_rest(reply)


def _examine_grpc(place: Place) -> Examination[None]:
    found = find(GRPC_ADDRESS, [place]) or find(ZEEBE_ADDRESS, [place])
    if found is None:
        yield skipped(Check.GRPC, "the file names no gRPC address")
        return
    endpoint = endpoint_of(found.value)
    if endpoint is None:
        yield wrong(Check.GRPC, f"{found.origin} is no address", "It looks like host:port or grpcs://host:port.")
        return
    host, port = endpoint.host, endpoint.port
    reply = yield from _touch(Secure(host, port, GRPC) if endpoint.secure else Connect(host, port))
    if isinstance(reply, NotReached):
        yield wrong(Check.GRPC, f"{host} port {port}: {reply}", reply.kind.cure)
    else:
        yield fine(Check.GRPC, reply.detail)


def _examine_secrets(
    place: Place, scopes: frozenset[Scope] | None, settings: ClientSettings | None
) -> Examination[None]:
    """
    Call the Secrets API with a token of its own. Without a first token no second one is asked for: it would be
    refused.
    """
    if scopes is None or Scope.SECRETS not in scopes:
        why = "the file names no scopes" if scopes is None else "the client has no Secrets scope"
        yield skipped(Check.SECRETS, why)
        return
    url = api_checks.secrets_url(settings.token_url) if settings else None
    if settings is None or url is None:
        yield skipped(Check.SECRETS, NO_TOKEN if settings is None else "where the Secrets API is cannot be told")
        return
    own = resolve([place], Scope.SECRETS)
    reply = yield from _fetch(token_request(own))
    if isinstance(reply, HttpResponse):
        finding, answer = token_checks.judge_answer(reply, own)
        if answer is None:
            yield wrong(Check.SECRETS, f"no token for it: {finding.found}", finding.cure)
            return
        reply = yield from _fetch(api_checks.api_request(url, answer.access_token))
    if isinstance(reply, NotReached):
        yield wrong(Check.SECRETS, f"{shown(url)}: {reply}", reply.kind.cure)
    else:
        yield api_checks.judge_secrets(reply)


def _first_scope(scopes: frozenset[Scope] | None) -> Scope:
    """Return the scope to ask a token for: Zeebe's, unless the file says that the client has only others."""
    return in_order(scopes)[0] if scopes else Scope.ZEEBE


def _skip(checks: Iterable[Check], why: str) -> Examination[None]:
    for check in checks:
        yield skipped(check, why)


def _probe(probe: Probe, kind: type[R]) -> Examination[R]:
    reply = yield probe
    if not isinstance(reply, kind):
        raise TypeError(f"a {type(probe).__name__} is answered with a {kind.__name__}")
    return reply


def _touch(probe: Probe) -> Examination[Reached | NotReached]:
    reply = yield probe
    if not isinstance(reply, Reached | NotReached):
        raise TypeError("a connection is made or not")
    return reply


def _fetch(request: HttpRequest) -> Examination[HttpResponse | NotReached]:
    reply = yield Send(request)
    if not isinstance(reply, HttpResponse | NotReached):
        raise TypeError("a request is answered or not")
    return reply
