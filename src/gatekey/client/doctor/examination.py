"""
The order of the checks, and which of them make sense after an earlier one failed.

Pure: yields findings and probes, gets the probes' replies. One token request leaves for each audience, and none after
a refused one.
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
    ZEEBE_ADDRESS,
    ClientSettings,
    SettingsPlace,
    find,
    granted_scopes,
    resolve,
)
from gatekey.client.doctor import api_checks, file_checks, token_checks
from gatekey.client.doctor.api_checks import APIS, REST, TriedApi
from gatekey.client.doctor.endpoint import ServerAddress, endpoint_of
from gatekey.client.doctor.model import (
    AskProxy,
    AskTime,
    CallGrpc,
    Check,
    CheckOutcome,
    CheckResult,
    Connect,
    Examination,
    GrpcStatus,
    NotReached,
    Probe,
    ProxyFound,
    Reached,
    ReadAuthorities,
    Reply,
    Resolve,
    Secure,
    TimeTold,
    doubtful,
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
CALLING = (Check.REST_GUARD, Check.REST, Check.GRPC, *(api.check for api in APIS))


def examine(file: CredentialsFile) -> Examination[None]:
    """Examine a credentials file from its shape to the APIs' answers; every check of the report yields one finding."""
    place = file.place
    yield from file_checks.check_file(file)
    names = file_checks.check_names(place)
    yield names
    if names.outcome is CheckOutcome.WRONG:
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
    damaged = any(shape.outcome is CheckOutcome.WRONG for shape in shapes)
    token = (yield from _examine_token(settings, place, damaged=damaged)) if settings else None
    yield from _examine_zeebe(place, scopes, token)
    for api in APIS:
        why = _not_granted(api.scope, scopes) or (None if token else NO_TOKEN)
        if why or settings is None:
            yield skipped(api.check, why or NO_TOKEN)
        else:
            yield (yield from _examine_api(api, place, scopes, settings, token))


def _examine_zeebe(
    place: SettingsPlace, scopes: frozenset[Scope] | None, token: SecretText | None
) -> Examination[None]:
    if why := _not_granted(Scope.ZEEBE, scopes):
        yield from _skip((Check.REST_GUARD, Check.REST, Check.GRPC), why)
        return
    url = api_checks.url_of(REST, place, "")
    if isinstance(url, str):
        yield from _examine_rest(url, token)
    else:
        yield skipped(Check.REST_GUARD, "there is no usable REST address")
        yield url
    yield (yield from _examine_grpc(place, token))


def _examine_certificates(place: SettingsPlace) -> Examination[bool]:
    """
    Check the certificate files before anything is done with them: a missing authority would look like a wrong
    server.
    """
    named = dict.fromkeys(found.value for one in CERTIFICATE_FILES if (found := find(one, [place])))
    if not named:
        yield skipped(Check.CERTIFICATES, "the file names none: those of this machine count")
        return True
    reply = yield from _touch(ReadAuthorities())
    if isinstance(reply, NotReached):
        yield wrong(Check.CERTIFICATES, f"{', '.join(named)} cannot be used: {reply.detail}", reply.kind.cure)
        return False
    yield fine(Check.CERTIFICATES, f"{', '.join(named)} can be read")
    return True


def _settle(place: SettingsPlace, scope: Scope) -> Examination[ClientSettings | None]:
    try:
        settings = resolve([place], scope)
    except ConfigurationError as error:  # nothing is missing any more: it is the URL
        yield wrong(Check.TOKEN_URL, error.message, error.hint)
        yield from _skip((*REACHING, *ASKING), "there is no usable token URL")
        return None
    yield token_checks.check_url(settings)
    return settings


def _examine_token(settings: ClientSettings, place: SettingsPlace, *, damaged: bool) -> Examination[SecretText | None]:
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
    """Check name, connection and TLS one by one, so that the first fault is named and not its consequence."""
    proxy = (yield from _probe(AskProxy(url), ProxyFound)).proxy
    if proxy:
        yield from _skip(REACHING, f"requests go through the proxy {proxy}")
        return True
    endpoint = cast("ServerAddress", endpoint_of(url))  # never None: `resolve` refuses a URL without a host
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


def _examine_rest(url: str, token: SecretText | None) -> Examination[None]:
    """Call without a token, which must be refused, and with it."""
    reply = yield from _fetch(api_checks.api_request(url, None))
    if isinstance(reply, NotReached):
        yield skipped(Check.REST_GUARD, "the REST API cannot be reached")
        yield wrong(Check.REST, f"{shown(url)}: {reply}", reply.kind.cure)
        return
    yield api_checks.judge_guard(reply)
    yield (yield from _called(REST, url, token))


def _examine_grpc(place: SettingsPlace, token: SecretText | None) -> Examination[CheckResult]:
    found = find(GRPC_ADDRESS, [place]) or find(ZEEBE_ADDRESS, [place])
    if found is None:
        return skipped(Check.GRPC, "the file names no gRPC address")
    endpoint = endpoint_of(found.value)
    if endpoint is None:
        return wrong(Check.GRPC, f"{found.origin} is no address", "It looks like host:port or grpcs://host:port.")
    host, port = endpoint.host, endpoint.port
    reached = yield from _touch(Secure(host, port, GRPC) if endpoint.secure else Connect(host, port))
    if isinstance(reached, NotReached):
        return wrong(Check.GRPC, f"{host} port {port}: {reached}", reached.kind.cure)
    if token is None:
        return skipped(Check.GRPC, f"{reached.detail}, but {NO_TOKEN}")
    reply = yield CallGrpc(host, port, endpoint.secure, token)
    if isinstance(reply, GrpcStatus):
        return api_checks.judge_grpc(reply)
    return doubtful(
        Check.GRPC, f"{reached.detail}, but no call was tried: grpcio is not installed", "Run pip install grpcio."
    )


def _examine_api(
    api: TriedApi,
    place: SettingsPlace,
    scopes: frozenset[Scope] | None,
    settings: ClientSettings,
    token: SecretText | None,
) -> Examination[CheckResult]:
    """Call an API with a token for its audience; `token` is the one for the first scope."""
    url = api_checks.url_of(api, place, settings.token_url)
    if not isinstance(url, str):
        return url
    if api.scope is not _first_scope(scopes):
        own = resolve([place], api.scope)
        reply = yield from _fetch(token_request(own))
        if isinstance(reply, NotReached):
            return wrong(api.check, f"no token for it: {reply}", reply.kind.cure)
        finding, answer = token_checks.judge_answer(reply, own)
        if answer is None:
            return wrong(api.check, f"no token for it: {finding.found}", finding.cure)
        token = answer.access_token
    return (yield from _called(api, url, token))


def _called(api: TriedApi, url: str, token: SecretText | None) -> Examination[CheckResult]:
    if token is None:
        return skipped(api.check, NO_TOKEN)
    reply = yield from _fetch(api_checks.api_request(url, token, api.body))
    if isinstance(reply, NotReached):
        return wrong(api.check, f"{shown(url)}: {reply}", reply.kind.cure)
    return api_checks.judge_api(api, reply)


def _not_granted(scope: Scope, scopes: frozenset[Scope] | None) -> str | None:
    """Say why an API is not looked at; None where the client has its scope. Without a list that is Zeebe's alone."""
    if scopes is None:
        return None if scope is Scope.ZEEBE else "the file names no scopes"
    return None if scope in scopes else f"the client has no {scope} scope"


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
