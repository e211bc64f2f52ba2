"""
Every spelling that real clients send as an audience, and what only looks like one.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.server.issuing.model import IssuingPolicy, KnownClient, Refusal, Refused
from gatekey.server.issuing.targets import choose_scope, name_audience
from gatekey.wire.client_authentication import Method, SecretCredential
from gatekey.wire.secret_text import SecretText
from gatekey.wire.token_request import TokenRequest
from gatekey.wire.vocabulary import Scope

CLUSTER = "00000000-0000-4000-8000-00000000000a"
OTHER = "00000000-0000-4000-8000-00000000000b"
POLICY = IssuingPolicy(
    issuer="https://gatekey.example.org",
    lifetime=86_400,
    audience_domain="camunda.example.org",
    gateway_hosts=frozenset({"gateway.example.org", "localhost", "127.0.0.1"}),
)
CREDENTIAL = SecretCredential("a" * 32, SecretText("secret"), Method.POST)


def choose(audience: str | None, *scopes: Scope) -> Scope | Refusal:
    """
    What a client with these scopes, or with all, asks for.
    """
    client = KnownClient("a" * 32, CLUSTER, "an-organisation", "bru-2", frozenset(scopes or Scope))
    outcome = choose_scope(TokenRequest(CREDENTIAL, audience), client, POLICY)
    return outcome.refusal if isinstance(outcome, Refused) else outcome


@pytest.mark.parametrize("domain", ["camunda.io", "camunda.example.org"])
@pytest.mark.parametrize(
    ("word", "scope"),
    [
        ("zeebe", Scope.ZEEBE),
        ("operate", Scope.OPERATE),
        ("tasklist", Scope.TASKLIST),
        ("optimize", Scope.OPTIMIZE),
        ("secrets", Scope.SECRETS),
        (f"{CLUSTER}.bru-2.zeebe", Scope.ZEEBE),
        (f"{CLUSTER}.zeebe", Scope.ZEEBE),
    ],
)
def test_every_spelling_of_the_clients_is_known_under_both_domains(word: str, scope: Scope, domain: str) -> None:
    audience = f"{word}.{domain}"

    assert scope == choose(audience)
    assert scope == choose(f"{audience}:443")
    assert scope == choose(audience.upper())


@pytest.mark.parametrize(
    "audience",
    ["localhost", "localhost:26600", "127.0.0.1:26600", "gateway.example.org", "Gateway.Example.org:443"],
)
def test_the_gateways_own_host_means_zeebe(audience: str) -> None:
    """
    zbctl without ZEEBE_TOKEN_AUDIENCE sends the host of its address, zeebe-node host and port.
    """
    assert choose(audience) == Scope.ZEEBE


@pytest.mark.parametrize(
    "audience",
    [
        "api.cloud.camunda.io",
        "zeebe",
        "camunda.io",
        ".camunda.io",
        "zeebe.camunda.io.",
        "zeebe.camunda.io.evil.example",
        "evil.zeebe.camunda.io",
        "xzeebe.camunda.io",
        "zeebecamunda.io",
        "zeebe.dev.camunda.io",
        f"{OTHER}.bru-2.zeebe.camunda.io",
        f"{OTHER}.zeebe.camunda.io",
        f"{CLUSTER}.syd-1.zeebe.camunda.io",
        f"{CLUSTER}.bru-2.operate.camunda.io",
        f"{CLUSTER}.camunda.io",
        "https://evil.example/zeebe.camunda.io",
        "https://evil.example?zeebe.camunda.io",
        "https://evil.example#zeebe.camunda.io",
        "https://zeebe.camunda.io:x@evil.example",
        " zeebe.camunda.io",
        "zeebe.camunda.io secrets.camunda.io",
        "localhost.evil.example",
        "*",
        "*.camunda.io",
        ":",
        "zeebe\u200b.camunda.io",
        "\u017feebe.camunda.io",
        "\ud800",
        "a" * 4096,
    ],
)
def test_what_is_no_audience_of_the_cluster_is_refused(audience: str) -> None:
    assert choose(audience) == Refusal.UNKNOWN_AUDIENCE


@pytest.mark.parametrize(
    ("scopes", "meant"),
    [
        ((Scope.ZEEBE,), Scope.ZEEBE),
        ((Scope.SECRETS, Scope.ZEEBE), Scope.ZEEBE),
        ((Scope.SECRETS,), Scope.SECRETS),
        ((Scope.OPERATE,), Scope.OPERATE),
        ((Scope.OPERATE, Scope.TASKLIST), Refusal.SCOPE_NOT_GRANTED),
    ],
)
def test_no_audience_means_zeebe_or_the_only_other_scope(scopes: tuple[Scope, ...], meant: Scope | Refusal) -> None:
    assert meant == choose(None, *scopes)


@given(
    st.text(st.characters(exclude_categories=[]), max_size=80)
    | st.text("https:/@[]#?zeebcamund.io\ud800", max_size=40).map(lambda text: f"https://{text}")
)
def test_no_text_breaks_the_reading(audience: str) -> None:
    assert choose(audience) in {*Scope, Refusal.UNKNOWN_AUDIENCE}


def test_tokens_name_each_api_in_one_way() -> None:
    named = [name_audience(scope, POLICY) for scope in Scope]

    assert named == [
        "zeebe.camunda.example.org",
        "tasklist.camunda.example.org",
        "operate.camunda.example.org",
        "optimize.camunda.example.org",
        "secrets.camunda.example.org",
    ]
