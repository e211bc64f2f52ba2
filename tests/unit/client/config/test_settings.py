import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.client.config.settings import (
    CLIENT_ID,
    CLIENT_SECRET,
    TOKEN_URL,
    ClientSettings,
    SettingOrigin,
    SettingsPlace,
    audience_for,
    fault_of_url,
    find,
    granted_scopes,
    resolve,
)
from gatekey.errors import ConfigurationError
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.vocabulary import Scope

FILE = {
    "ZEEBE_CLIENT_ID": "id",
    "ZEEBE_CLIENT_SECRET": "hidden",
    "ZEEBE_AUTHORIZATION_SERVER_URL": "http://localhost:8400/oauth/token",
    "ZEEBE_TOKEN_AUDIENCE": "zeebe.camunda.io",
}


def place(title: str = "the file", **values: str) -> SettingsPlace:
    return SettingsPlace(title, values)


def test_every_value_knows_where_it_came_from() -> None:
    settings = resolve([place(**FILE)])

    assert "http://localhost:8400/oauth/token" == settings.token_url
    assert "id" == settings.client_id
    assert SecretText("hidden") == settings.client_secret
    assert "zeebe.camunda.io" == settings.audience
    assert {
        "token_url": "ZEEBE_AUTHORIZATION_SERVER_URL in the file",
        "client_id": "ZEEBE_CLIENT_ID in the file",
        "client_secret": "ZEEBE_CLIENT_SECRET in the file",
        "audience": "ZEEBE_TOKEN_AUDIENCE in the file",
    } == {name: str(origin) for name, origin in settings.origins.items()}


@pytest.mark.parametrize("client_id", CLIENT_ID.names)
@pytest.mark.parametrize("secret", CLIENT_SECRET.names)
@pytest.mark.parametrize("url", TOKEN_URL.names)
def test_every_spelling_of_camundas_clients_is_read(client_id: str, secret: str, url: str) -> None:
    settings = resolve([place(**{client_id: "a", secret: "b", url: "https://c/oauth/token"})])

    assert ("a", "b", "https://c/oauth/token") == (
        settings.client_id,
        settings.client_secret.reveal(),
        settings.token_url,
    )
    assert settings.audience is None
    assert "audience" not in settings.origins


def test_an_earlier_place_wins_and_a_later_one_fills_the_gaps() -> None:
    settings = resolve(
        [place(**{**FILE, "ZEEBE_CLIENT_SECRET": " "}), SettingsPlace("the environment", {**FILE, "X": "y"})]
    )

    assert SettingOrigin("ZEEBE_CLIENT_ID", "the file") == settings.origins["client_id"]
    assert SettingOrigin("ZEEBE_CLIENT_SECRET", "the environment") == settings.origins["client_secret"]


def test_blanks_around_a_value_do_not_count() -> None:
    assert "id" == resolve([place(**{**FILE, "ZEEBE_CLIENT_ID": " id\n"})]).client_id


def test_all_that_is_missing_is_told_at_once_with_every_place_looked_at() -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolve([place(ZEEBE_CLIENT_ID="id"), place("the environment")])

    assert (
        "Not found in the file or the environment: the token URL (ZEEBE_AUTHORIZATION_SERVER_URL or CAMUNDA_OAUTH_URL"
        " or CAMUNDA_CLIENT_AUTH_TOKENURL); the client secret (ZEEBE_CLIENT_SECRET or CAMUNDA_CLIENT_SECRET or"
        " CAMUNDA_CLIENT_AUTH_CLIENTSECRET or ZEEBE_CLIENT_CLOUD_CLIENTSECRET)." == caught.value.message
    )


def test_without_any_place_the_message_still_makes_sense() -> None:
    with pytest.raises(ConfigurationError, match="Not found in any place"):
        resolve([])


def test_two_names_for_one_thing_must_agree() -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolve([place(**FILE, CAMUNDA_CLIENT_SECRET="other")])

    assert (
        "ZEEBE_CLIENT_SECRET and CAMUNDA_CLIENT_SECRET in the file name a different client secret."
        == caught.value.message
    )
    assert "hidden" not in str(caught.value)
    assert "other" not in caught.value.message


def test_two_names_that_agree_are_fine() -> None:
    assert "id" == resolve([place(**FILE, CAMUNDA_CLIENT_ID="id")]).client_id


def test_no_repr_shows_the_secret() -> None:
    file = place(**FILE)

    assert "hidden" not in repr(file)
    assert "hidden" not in repr(find(CLIENT_SECRET, [file]))
    assert "hidden" not in repr(resolve([file]))


@pytest.mark.parametrize(
    ("scope", "values", "audience"),
    [
        (Scope.ZEEBE, {"ZEEBE_TOKEN_AUDIENCE": "zeebe.example.org"}, "zeebe.example.org"),
        (Scope.ZEEBE, {"CAMUNDA_TOKEN_AUDIENCE": "zeebe.example.org"}, "zeebe.example.org"),
        (Scope.ZEEBE, {"ZEEBE_ADDRESS": "c.bru-2.zeebe.camunda.io:443"}, "c.bru-2.zeebe.camunda.io"),
        (Scope.ZEEBE, {"ZEEBE_ADDRESS": "localhost:26600"}, None),
        (Scope.ZEEBE, {}, None),
        (Scope.OPERATE, {"ZEEBE_TOKEN_AUDIENCE": "zeebe.example.org"}, "operate.example.org"),
        (Scope.SECRETS, {"ZEEBE_ADDRESS": "c.bru-2.zeebe.example.org:443"}, "secrets.example.org"),
        (Scope.TASKLIST, {"CAMUNDA_TASKLIST_OAUTH_AUDIENCE": "own"}, "own"),
        (Scope.OPTIMIZE, {"ZEEBE_TOKEN_AUDIENCE": "keycloak-audience"}, "optimize.camunda.io"),
        (Scope.OPTIMIZE, {}, "optimize.camunda.io"),
    ],
)
def test_the_audience_of_a_scope_is_named_or_derived(
    scope: Scope, values: dict[str, str], audience: str | None
) -> None:
    found = audience_for(scope, [place(**values)])

    assert audience == (found.value if found else None)


def test_an_audience_that_the_caller_names_wins() -> None:
    settings = resolve([place(**FILE)], Scope.OPERATE, "mine")

    assert "mine" == settings.audience
    assert SettingOrigin("audience", "the call") == settings.origins["audience"]


@pytest.mark.parametrize(
    ("text", "scopes"),
    [
        ("Zeebe,Secrets", {Scope.ZEEBE, Scope.SECRETS}),
        ("zeebe, OPERATE", {Scope.ZEEBE, Scope.OPERATE}),
        ("Something", set()),
    ],
)
def test_granted_scopes_are_read_from_the_file(text: str, scopes: set[Scope]) -> None:
    assert frozenset(scopes) == granted_scopes([place(CAMUNDA_CREDENTIALS_SCOPES=text)])


def test_a_file_may_say_nothing_about_scopes() -> None:
    assert granted_scopes([place()]) is None


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8400/oauth/token",
        "file:///etc/passwd",
        "https://",
        "https://host:0/",
        "https://host:99999/",
        "http://[::1/",
        "https://id:hidden@host/oauth/token",
        "https://h\u00f6st/",
        "https://host/a b",
        "https://host/\x7f",
    ],
)
def test_a_token_url_that_no_request_can_go_to_is_refused_without_showing_it(url: str) -> None:
    assert fault_of_url(url) is not None
    with pytest.raises(ConfigurationError) as caught:
        resolve([place(**{**FILE, "ZEEBE_AUTHORIZATION_SERVER_URL": url})])
    assert url not in caught.value.message
    assert caught.value.message.startswith("ZEEBE_AUTHORIZATION_SERVER_URL in the file ")


@pytest.mark.parametrize("url", ["http://localhost:8400/oauth/token", "https://[::1]/x", "HTTPS://host"])
def test_a_usable_url_has_no_fault(url: str) -> None:
    assert fault_of_url(url) is None


@given(st.dictionaries(st.sampled_from(sorted(FILE)), st.text()))
def test_any_values_give_settings_or_a_configuration_error(values: dict[str, str]) -> None:
    try:
        settings = resolve([place(**values)])
    except ConfigurationError as error:
        assert error.hint  # noqa: PT017 - either outcome is right
    else:
        assert fault_of_url(settings.token_url) is None


def test_the_authority_to_trust_is_found_under_the_names_of_all_clients() -> None:
    names = ("ZEEBE_CA_CERTIFICATE_PATH", "CAMUNDA_MTLS_CA_PATH")

    assert {"ca.pem"} == {resolve([place(**FILE, **{name: "ca.pem"})]).authorities for name in names}
    assert resolve([place(**FILE)]).authorities is None


def test_plain_words_count_where_they_are_ours_and_nowhere_else() -> None:
    words = {"token_url": "https://host/oauth/token", "client_id": "a", "client_secret": "b", "audience": "c"}

    settings = resolve([SettingsPlace("the arguments", words, in_words=True)])

    assert ("a", "c", "client_id in the arguments") == (
        settings.client_id,
        settings.audience,
        str(settings.origins["client_id"]),
    )
    with pytest.raises(ConfigurationError):
        resolve([SettingsPlace("the environment", words)])


def test_a_client_that_proves_itself_in_another_way_needs_no_secret() -> None:
    without = {name: value for name, value in FILE.items() if name != "ZEEBE_CLIENT_SECRET"}

    assert not resolve([place(**without)], secret_needed=False).client_secret
    with pytest.raises(ConfigurationError):
        resolve([place(**without)])


def test_springs_saas_mode_knows_its_addresses() -> None:
    file = {"CAMUNDA_CLIENT_MODE": "saas", "CAMUNDA_CLIENT_AUTH_CLIENTID": "a", "CAMUNDA_CLIENT_AUTH_CLIENTSECRET": "b"}

    cloud, own = resolve([place(**file)]), resolve([place(**file, CAMUNDA_CLIENT_CLOUD_DOMAIN="example.com")])

    assert ("https://login.cloud.camunda.io/oauth/token", "zeebe.camunda.io") == (cloud.token_url, cloud.audience)
    assert ("https://login.cloud.example.com/oauth/token", "zeebe.example.com") == (own.token_url, own.audience)
    assert (
        "operate.example.com"
        == resolve([place(**file, CAMUNDA_CLIENT_CLOUD_DOMAIN="example.com")], Scope.OPERATE).audience
    )
    with pytest.raises(ConfigurationError, match="the token URL"):
        resolve([place(**{**file, "CAMUNDA_CLIENT_MODE": "self-managed"})])


def test_certificates_and_token_scope_are_found() -> None:
    more = {"CAMUNDA_MTLS_CA_PATH": "ca", "CAMUNDA_CUSTOM_CERT_CHAIN_PATH": "cert", "CAMUNDA_TOKEN_SCOPE": "s"}

    settings = resolve([place(**FILE, **more)])

    assert ("ca", "cert", None, "s") == (
        settings.authorities,
        settings.certificate,
        settings.certificate_key,
        settings.token_scope,
    )


def test_the_whereabouts_of_what_may_be_wrong_are_told_once_each() -> None:
    assert (
        "They came from ZEEBE_CLIENT_ID in the file, ZEEBE_CLIENT_SECRET in the file, ZEEBE_TOKEN_AUDIENCE in the file."
        == resolve([place(**FILE)]).whereabouts()
    )
    assert not ClientSettings("https://host/", "id", SecretText("s"), None).whereabouts()
