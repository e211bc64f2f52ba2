"""
Which API a request is after: `audience`, `resource`, `scope`, in every spelling and every combination.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.oauth.client_authentication import Method, SecretCredential
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.token_request import TokenRequest
from gatekey.oauth.vocabulary import Scope
from gatekey.server.tokens.model import IssuingPolicy, KnownClient, Refusal, Refused
from gatekey.server.tokens.targets import choose_scope, name_audience

POLICY = IssuingPolicy("http://issuer.test", 3_600, "apis.test", frozenset({"gateway.test", "localhost"}))
CREDENTIAL = SecretCredential("client", SecretText("secret"), Method.POST)
CLUSTER = "11111111-2222-4333-8444-555555555555"


def client(*scopes: Scope) -> KnownClient:
    return KnownClient("client", CLUSTER, "organisation", "bru-2", frozenset(scopes or Scope))


def choose(
    *words: str,
    audience: str | None = None,
    resource: str | None = None,
    resources: tuple[str, ...] = (),
    of: KnownClient | None = None,
) -> Scope | Refusal:
    asked = TokenRequest(CREDENTIAL, audience, resources or ((resource,) if resource else ()), words)
    outcome = choose_scope(asked, of or client(), POLICY)
    return outcome.refusal if isinstance(outcome, Refused) else outcome


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("domain", ["apis.test", "camunda.io", "APIS.test"])
@pytest.mark.parametrize("form", ["{}", "https://{}", "https://{}/", "http://{}:443/v2/x", "{}:443"])
def test_every_api_has_its_audience(scope: Scope, domain: str, form: str) -> None:
    assert scope is choose(audience=form.format(f"{scope.audience_word}.{domain}"))


@pytest.mark.parametrize("scope", [Scope.OPERATE, Scope.TASKLIST, Scope.OPTIMIZE])
def test_the_host_of_an_api_in_the_region_means_that_api(scope: Scope) -> None:
    assert scope is choose(resource=f"https://bru-2.{scope.audience_word}.apis.test/{CLUSTER}")


@pytest.mark.parametrize("scope", list(Scope))
def test_a_resource_means_what_an_audience_means(scope: Scope) -> None:
    assert scope is choose(resource=f"https://{scope.audience_word}.apis.test")


@pytest.mark.parametrize(
    "audience",
    [
        f"{CLUSTER}.bru-2.zeebe.apis.test",
        f"{CLUSTER}.bru-2.zeebe.apis.test:443",
        f"{CLUSTER}.zeebe.camunda.io",
        f"https://{CLUSTER}.bru-2.zeebe.camunda.io:443",
        f"{CLUSTER}.bru-2.ZEEBE.camunda.io".upper(),
        f"{CLUSTER}.bru-2.privateconnectivity.apis.test",
        "bru-2.zeebe.apis.test",
        "bru-2.api.apis.test",
        f"https://bru-2.api.apis.test:443/{CLUSTER}/mcp/cluster",
        "gateway.test",
        "Gateway.Test:443",
        "localhost",
        "localhost:26600",
        "grpcs://gateway.test:443",
    ],
)
def test_addresses_that_clients_take_for_an_audience_mean_zeebe(audience: str) -> None:
    assert Scope.ZEEBE is choose(audience=audience)


@pytest.mark.parametrize(
    "audience",
    [
        "other.apis.test",
        "zeebe.apis.test.attacker.test",
        "zeebe.attacker.test",
        "zeebeapis.test",
        "apis.test",
        ".apis.test",
        "zeebe",
        "22222222-2222-4333-8444-555555555555.bru-2.zeebe.apis.test",
        f"{CLUSTER}.fra-1.zeebe.apis.test",
        f"{CLUSTER}.bru-2.operate.apis.test",
        f"{CLUSTER}.fra-1.privateconnectivity.apis.test",
        "fra-1.api.apis.test",
        "api.apis.test",
        "bru-2.secrets.apis.test",
        "https://[",
        "https://zeebe.apis.test@attacker.test",
        "https://zeebe.apis.test:x@attacker.test",
        "https://attacker.test/zeebe.apis.test",
        "https://attacker.test?zeebe.apis.test",
        "https://attacker.test#zeebe.apis.test",
        "zeebe.apis.test.",
        "attacker.zeebe.apis.test",
        "xzeebe.apis.test",
        "zeebe.dev.apis.test",
        "22222222-2222-4333-8444-555555555555.zeebe.apis.test",
        f"{CLUSTER}.apis.test",
        "localhost.attacker.test",
        " zeebe.apis.test",
        "zeebe.apis.test operate.apis.test",
        "*",
        "*.apis.test",
        ":",
        "zeebe\u200b.apis.test",
        "\u017feebe.apis.test",
        "\ud800",
        "a" * 4096,
        "://zeebe.apis.test",
        "\u017aeebe.apis.test",
    ],
)
def test_an_audience_of_somebody_else_is_refused(audience: str) -> None:
    assert Refusal.UNKNOWN_AUDIENCE is choose(audience=audience)


@given(
    st.text(st.characters(exclude_categories=[]), max_size=80)
    | st.text("https:/@[]#?zeebapis.t\ud800", max_size=40).map(lambda text: f"https://{text}")
)
def test_no_text_breaks_the_reading(name: str) -> None:
    assert choose(audience=name) in {*Scope, Refusal.UNKNOWN_AUDIENCE}
    assert choose(resource=name) in {*Scope, Refusal.INVALID_TARGET}


def test_a_resource_of_somebody_else_is_an_invalid_target() -> None:
    assert Refusal.INVALID_TARGET is choose(resource="https://attacker.test")


def test_several_resources_are_one_api_or_none() -> None:
    """
    RFC 8707 section 2: a token opens one API, so two cannot be granted.
    """
    same = ("https://zeebe.apis.test", "https://zeebe.camunda.io")

    assert Scope.ZEEBE is choose(resources=same)
    assert Refusal.INVALID_TARGET is choose(resources=("https://zeebe.apis.test", "https://operate.apis.test"))
    assert Refusal.INVALID_TARGET is choose(resources=("https://zeebe.apis.test", "https://attacker.test"))


def test_audience_and_resource_must_agree() -> None:
    assert Scope.ZEEBE is choose(audience="zeebe.apis.test", resource="https://zeebe.camunda.io")
    assert Refusal.INVALID_TARGET is choose(audience="zeebe.apis.test", resource="https://operate.apis.test")
    assert Refusal.UNKNOWN_AUDIENCE is choose(audience="zeebe.apis.test", resource="https://attacker.test")


@pytest.mark.parametrize("word", ["Operate", "operate", "OPERATE"])
def test_a_single_word_of_ours_names_the_api(word: str) -> None:
    assert Scope.OPERATE is choose("openid", word)


def test_words_of_others_are_ignored() -> None:
    assert Scope.ZEEBE is choose("openid", "profile", f"{CLUSTER}")


def test_several_words_and_no_name_mean_zeebe() -> None:
    assert Scope.ZEEBE is choose("Operate", "Zeebe")


@pytest.mark.parametrize("scope", list(Scope))
def test_without_any_name_it_is_the_only_scope_there_is(scope: Scope) -> None:
    assert scope is choose(of=client(scope))
    assert Scope.ZEEBE is choose(of=client(scope, Scope.ZEEBE))


def test_without_any_name_several_scopes_without_zeebe_leave_it_open() -> None:
    assert Refusal.SCOPE_NOT_GRANTED is choose(of=client(Scope.OPERATE, Scope.TASKLIST))


@pytest.mark.parametrize("scope", list(Scope))
def test_a_scope_that_was_not_granted_is_refused_however_it_is_asked_for(scope: Scope) -> None:
    others = client(*(set(Scope) - {scope}))

    assert Refusal.SCOPE_NOT_GRANTED is choose(audience=f"{scope.audience_word}.apis.test", of=others)
    assert Refusal.SCOPE_NOT_GRANTED is choose(resource=f"https://{scope.audience_word}.apis.test", of=others)
    assert Refusal.SCOPE_NOT_GRANTED is choose(scope.value, of=others)


def test_a_word_beside_the_audience_must_be_granted_too() -> None:
    assert Refusal.SCOPE_NOT_GRANTED is choose("Operate", audience="zeebe.apis.test", of=client(Scope.ZEEBE))


@pytest.mark.parametrize("scope", list(Scope))
def test_tokens_name_an_api_in_one_spelling(scope: Scope) -> None:
    assert f"{scope.audience_word}.apis.test" == name_audience(scope, POLICY)
