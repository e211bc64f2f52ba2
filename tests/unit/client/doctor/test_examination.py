import base64
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from gatekey.client.acquire import Send
from gatekey.client.config.reading import CredentialsFile
from gatekey.client.config.settings import SettingsPlace
from gatekey.client.doctor.examination import examine
from gatekey.client.doctor.file_checks import READ_ALONE
from gatekey.client.doctor.model import (
    AskProxy,
    AskTime,
    CallGrpc,
    Check,
    CheckOutcome,
    CheckResult,
    Connect,
    GrpcMissing,
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
)
from gatekey.client.failures import TransportErrorKind
from gatekey.client.http import HttpRequest, HttpResponse
from gatekey.oauth.fields import FORM
from gatekey.oauth.token_answer import encode_error, encode_success
from gatekey.oauth.token_request import TokenRequest, read_request

NOW = 1795417200.0
TOKEN_URL = "https://login.example.org/oauth/token"
REST = "https://api.example.org/cluster"
FILE = {
    "ZEEBE_ADDRESS": "zeebe.example.org:443",
    "ZEEBE_GRPC_ADDRESS": "grpcs://zeebe.example.org:443",
    "ZEEBE_CLIENT_ID": "id",
    "ZEEBE_CLIENT_SECRET": "hidden-secret",
    "ZEEBE_AUTHORIZATION_SERVER_URL": TOKEN_URL,
    "ZEEBE_REST_ADDRESS": REST,
    "ZEEBE_TOKEN_AUDIENCE": "zeebe.example.org",
    "CAMUNDA_OAUTH_URL": TOKEN_URL,
    "CAMUNDA_CLIENT_ID": "id",
    "CAMUNDA_CLIENT_SECRET": "hidden-secret",
    "CAMUNDA_CLUSTER_ID": "cluster",
    "CAMUNDA_CREDENTIALS_SCOPES": "Zeebe,Secrets",
}
STALLED = NotReached(TransportErrorKind.TIMED_OUT)


def token_for(audience: str | None) -> str:
    claims = {"aud": audience, "iat": NOW, "exp": NOW + 3600}
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()}.hidden-signature"


class World:
    """
    Answers probes as a healthy installation would, save for what a test changes; remembers the probes.
    """

    def __init__(self, **changes: Reply) -> None:
        self.changes = changes
        self.probes: list[Probe] = []

    def answer(self, probe: Probe) -> Reply:  # noqa: PLR0911 - one for each kind of probe
        self.probes.append(probe)
        match probe:
            case ReadAuthorities():
                return self.changes.get("trust", Reached("read"))
            case AskTime():
                return TimeTold(NOW)
            case AskProxy():
                return self.changes.get("proxy", ProxyFound(None))
            case Resolve():
                return self.changes.get("resolve", Reached("resolved"))
            case Connect():
                return self.changes.get("connect", Reached("connected"))
            case CallGrpc():
                return self.changes.get("grpc", GrpcStatus("OK"))
            case Secure(protocol=protocol):
                return self.changes.get(protocol.replace("/1.1", ""), Reached("secured"))
            case Send(request):
                return self._send(request)

    def _send(self, request: HttpRequest) -> Reply:
        if request.url.endswith("/oauth/token"):
            read = read_request(FORM, None, request.body)
            assert isinstance(read, TokenRequest)
            key = "token_for_secrets" if (read.audience or "").startswith("secrets.") else "token"
            body = encode_success(token_for(read.audience), 3600, "cluster")
            return self.changes.get(key, HttpResponse(200, (("Date", "Mon, 23 Nov 2026 07:00:00 GMT"),), body))
        if request.url.endswith("/secrets"):
            return self.changes.get("secrets", HttpResponse(200, (), b'{"A":"hidden-value"}'))
        if below := re.match(r"https://api.example.org/(operate|tasklist|optimize)/", request.url):
            return self.changes.get(below[1], HttpResponse(200))
        bare = "Authorization" not in dict(request.headers)
        return self.changes.get("bare" if bare else "rest", HttpResponse(401 if bare else 200))


def examined(values: Mapping[str, str], world: World) -> dict[Check, CheckResult]:
    """
    Run the examination in a world; every check must be found exactly once.
    """
    examination = examine(CredentialsFile(SettingsPlace("my-app.env", values), open_to_others=False))
    findings: list[CheckResult] = []
    reply: Reply | None = None
    while True:
        try:
            event = examination.send(reply)
        except StopIteration:
            break
        reply = None
        if isinstance(event, CheckResult):
            findings.append(event)
        else:
            reply = world.answer(event)

    assert list(Check) == [finding.check for finding in findings]
    assert "hidden" not in repr(findings)
    return {finding.check: finding for finding in findings}


def with_outcome(outcome: CheckOutcome, findings: Mapping[Check, CheckResult]) -> list[Check]:
    return [check for check, finding in findings.items() if finding.outcome is outcome]


def test_a_healthy_installation_is_fine_with_two_token_requests() -> None:
    world = World()

    findings = examined(FILE, world)

    components = [Check.TASKLIST, Check.OPERATE, Check.OPTIMIZE]
    assert [Check.CLIENT_SECRET, Check.CERTIFICATES, *components] == with_outcome(CheckOutcome.SKIPPED, findings)
    assert [] == with_outcome(CheckOutcome.WRONG, findings) + with_outcome(CheckOutcome.WARNING, findings)
    requests = [probe.request.url for probe in world.probes if isinstance(probe, Send)]
    secrets_url = "https://login.example.org/secrets"
    assert [TOKEN_URL, f"{REST}/v2/topology", f"{REST}/v2/topology", TOKEN_URL, secrets_url] == requests


def test_names_that_must_be_mended_first_spare_the_network() -> None:
    world = World()

    findings = examined({"ZEEBE_CLIENT_ID": "id"}, world)

    assert [Check.NAMES] == with_outcome(CheckOutcome.WRONG, findings)
    assert [] == world.probes


def test_certificates_that_cannot_be_used_are_named_before_anybody_is_asked() -> None:
    values = FILE | {"ZEEBE_CA_CERTIFICATE_PATH": "ca.pem"}
    world = World(trust=NotReached(TransportErrorKind.CERTIFICATES, "No such file or directory"))

    findings = examined(values, world)

    assert [Check.CERTIFICATES] == with_outcome(CheckOutcome.WRONG, findings)
    assert "ca.pem cannot be used: No such file or directory" == findings[Check.CERTIFICATES].found
    assert [ReadAuthorities()] == world.probes
    assert CheckOutcome.FINE is examined(values, World())[Check.CERTIFICATES].outcome


def test_an_unusable_token_url_is_told_and_the_rest_still_looked_at() -> None:
    values = FILE | {"ZEEBE_AUTHORIZATION_SERVER_URL": "localhost", "CAMUNDA_OAUTH_URL": "localhost"}

    findings = examined(values, World())

    assert [Check.TOKEN_URL] == with_outcome(CheckOutcome.WRONG, findings)
    assert CheckOutcome.FINE is findings[Check.REST_GUARD].outcome
    assert "secured, but there is no token to try" == findings[Check.GRPC].found


@pytest.mark.parametrize(
    ("probe", "check", "later"),
    [
        ("resolve", Check.TOKEN_DNS, [Check.TOKEN_TCP, Check.TOKEN_TLS]),
        ("connect", Check.TOKEN_TCP, [Check.TOKEN_TLS]),
        ("http", Check.TOKEN_TLS, []),
    ],
)
def test_the_first_obstacle_on_the_way_is_named_and_nothing_is_sent(
    probe: str, check: Check, later: list[Check]
) -> None:
    world = World(**{probe: STALLED, "bare": STALLED})

    findings = examined(FILE, world)

    assert CheckOutcome.WRONG is findings[check].outcome
    assert "login.example.org port 443: no answer in time" == findings[check].found
    assert TransportErrorKind.TIMED_OUT.cure == findings[check].cure
    assert set(later) <= set(with_outcome(CheckOutcome.SKIPPED, findings))
    assert not any(isinstance(sent, Send) and sent.request.url == TOKEN_URL for sent in world.probes)


def test_plain_http_needs_no_tls() -> None:
    url = "http://localhost:8400/oauth/token"

    findings = examined(FILE | {"ZEEBE_AUTHORIZATION_SERVER_URL": url, "CAMUNDA_OAUTH_URL": url}, World())

    assert CheckOutcome.SKIPPED is findings[Check.TOKEN_TLS].outcome
    assert CheckOutcome.FINE is findings[Check.TOKEN].outcome


def test_behind_a_proxy_the_direct_way_is_not_judged() -> None:
    findings = examined(FILE, World(proxy=ProxyFound("http://proxy:3128"), resolve=STALLED))

    assert "requests go through the proxy http://proxy:3128" == findings[Check.TOKEN_DNS].found
    assert CheckOutcome.FINE is findings[Check.TOKEN].outcome


def test_a_token_endpoint_that_does_not_answer_is_wrong() -> None:
    findings = examined(FILE, World(token=NotReached(TransportErrorKind.NOT_HTTP)))

    assert [Check.TOKEN_HTTP] == with_outcome(CheckOutcome.WRONG, findings)
    assert {Check.CLOCK, Check.TOKEN, Check.CLAIMS, Check.REST, Check.SECRETS} <= set(
        with_outcome(CheckOutcome.SKIPPED, findings)
    )


def test_a_refused_client_is_asked_for_once() -> None:
    world = World(token=HttpResponse(401, (), encode_error("invalid_client", "no hidden-secret")))

    findings = examined(FILE, world)

    assert [Check.TOKEN] == with_outcome(CheckOutcome.WRONG, findings)
    assert 1 == sum(isinstance(probe, Send) and probe.request.url == TOKEN_URL for probe in world.probes)


def test_a_damaged_secret_is_not_sent_anywhere() -> None:
    world = World()
    damaged = "gks_hidden-secret"

    findings = examined(FILE | {"ZEEBE_CLIENT_SECRET": damaged, "CAMUNDA_CLIENT_SECRET": damaged}, world)

    assert [Check.CLIENT_ID, Check.CLIENT_SECRET] == with_outcome(CheckOutcome.WRONG, findings)
    assert CheckOutcome.FINE is findings[Check.TOKEN_TCP].outcome
    assert "id and secret must be mended first" == findings[Check.TOKEN].found
    assert not any(isinstance(probe, Send) and probe.request.url == TOKEN_URL for probe in world.probes)


def test_a_client_without_the_zeebe_scope_asks_for_what_it_has() -> None:
    world = World()

    operate = {"CAMUNDA_CREDENTIALS_SCOPES": "Operate", "CAMUNDA_OPERATE_BASE_URL": "https://api.example.org/operate/c"}
    findings = examined(FILE | operate, world)

    assert "granted for operate.example.org, valid for 60 min" == findings[Check.TOKEN].found
    assert "the client has no Zeebe scope" == findings[Check.REST].found == findings[Check.GRPC].found
    assert CheckOutcome.FINE is findings[Check.OPERATE].outcome
    assert "the client has no Secrets scope" == findings[Check.SECRETS].found


def test_a_file_that_names_little_is_examined_as_far_as_it_goes() -> None:
    kept = {name: FILE[name] for name in FILE if name in READ_ALONE[:4]}

    findings = examined(kept, World())

    assert [Check.NAMES] == with_outcome(CheckOutcome.WARNING, findings)
    assert "the file names no REST address" == findings[Check.REST].found
    assert "the file names no gRPC address" == findings[Check.GRPC].found
    assert "the file names no scopes" == findings[Check.SECRETS].found


def test_an_old_file_without_a_grpc_url_has_the_zeebe_address() -> None:
    world = World()

    examined(FILE | {"ZEEBE_GRPC_ADDRESS": "", "ZEEBE_ADDRESS": "localhost:26600"}, world)

    assert Connect("localhost", 26600) in world.probes


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"bare": STALLED}, Check.REST),
        ({"rest": STALLED}, Check.REST),
        ({"rest": HttpResponse(401)}, Check.REST),
        ({"h2": STALLED}, Check.GRPC),
        ({"grpc": GrpcStatus("UNAVAILABLE", "no upstream")}, Check.GRPC),
        ({"token_for_secrets": HttpResponse(403)}, Check.SECRETS),
        ({"token_for_secrets": STALLED}, Check.SECRETS),
        ({"secrets": STALLED}, Check.SECRETS),
        ({"secrets": HttpResponse(403)}, Check.SECRETS),
    ],
)
def test_one_broken_api_is_the_only_thing_wrong(changes: dict[str, Any], check: Check) -> None:
    findings = examined(FILE, World(**changes))

    assert [check] == with_outcome(CheckOutcome.WRONG, findings)
    assert findings[check].cure


@pytest.mark.parametrize(
    ("name", "value", "check"),
    [
        ("ZEEBE_REST_ADDRESS", f"{REST}/v2", Check.REST),
        ("ZEEBE_GRPC_ADDRESS", "grpcs://", Check.GRPC),
    ],
)
def test_an_unusable_address_is_wrong(name: str, value: str, check: Check) -> None:
    assert [check] == with_outcome(CheckOutcome.WRONG, examined(FILE | {name: value}, World()))


EVERY_SCOPE = FILE | {
    "CAMUNDA_CREDENTIALS_SCOPES": "Zeebe,Tasklist,Operate,Optimize,Secrets",
    "CAMUNDA_TASKLIST_BASE_URL": "https://api.example.org/tasklist/cluster",
    "CAMUNDA_OPERATE_BASE_URL": "https://api.example.org/operate/cluster",
    "CAMUNDA_OPTIMIZE_BASE_URL": "https://api.example.org/optimize/cluster",
}


def test_every_api_of_the_scopes_gets_one_call_with_a_token_for_its_audience() -> None:
    world = World()

    findings = examined(EVERY_SCOPE, world)

    sent = [probe.request for probe in world.probes if isinstance(probe, Send)]
    calls = [request for request in sent if request.url != TOKEN_URL]
    assert [CheckOutcome.FINE] * 7 == [finding.outcome for finding in list(findings.values())[-7:]]
    assert 5 == len(sent) - len(calls)
    assert [
        f"{REST}/v2/topology",
        f"{REST}/v2/topology",
        "https://api.example.org/tasklist/cluster/v1/tasks/search",
        "https://api.example.org/operate/cluster/v1/process-definitions/search",
        "https://api.example.org/optimize/cluster/api/readyz",
        "https://login.example.org/secrets",
    ] == [request.url for request in calls]


@pytest.mark.parametrize("name", ["tasklist", "operate", "optimize"])
def test_a_dead_upstream_of_a_component_is_wrong(name: str) -> None:
    findings = examined(EVERY_SCOPE, World(**{name: HttpResponse(503)}))

    assert [Check(name)] == with_outcome(CheckOutcome.WRONG, findings)


def test_grpc_that_nobody_could_call_is_not_well() -> None:
    findings = examined(FILE, World(grpc=GrpcMissing()))

    assert [Check.GRPC] == with_outcome(CheckOutcome.WARNING, findings)
    assert "pip install grpcio" in findings[Check.GRPC].cure


def test_an_unguarded_api_is_a_warning() -> None:
    assert [Check.REST_GUARD] == with_outcome(CheckOutcome.WARNING, examined(FILE, World(bare=HttpResponse(200))))


def test_the_secrets_api_of_a_foreign_server_is_not_guessed() -> None:
    url = "https://keycloak.example.org/realms/x/protocol/openid-connect/token"
    body = encode_success(token_for("zeebe.example.org"), 3600, "")

    class Keycloak(World):
        def answer(self, probe: Probe) -> Reply:
            if isinstance(probe, Send) and probe.request.url == url:
                return HttpResponse(200, (), body)
            return super().answer(probe)

    findings = examined(FILE | {"ZEEBE_AUTHORIZATION_SERVER_URL": url, "CAMUNDA_OAUTH_URL": url}, Keycloak())

    assert "where the Secrets API is cannot be told" == findings[Check.SECRETS].found


@pytest.mark.parametrize("change", ["proxy", "resolve", "token"])
def test_a_prober_that_answers_something_else_is_a_mistake_of_ours(change: str) -> None:
    with pytest.raises(TypeError):
        examined(FILE, World(**{change: TimeTold(NOW)}))
