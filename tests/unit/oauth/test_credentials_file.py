from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.errors import ConfigurationError
from gatekey.oauth.addresses import ClusterAddresses
from gatekey.oauth.credentials_file import FileFormat, credentials, file_name, parse, render
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.vocabulary import AUTHORITY_NAMES, Scope

HOME = ClusterAddresses(
    cluster_id="6f9e8a52-8f3c-4d7a-9b1e-2f3a4b5c6d7e",
    region="local",
    zeebe="localhost:26600",
    grpc="http://localhost:26600",
    rest="http://localhost:26600/6f9e8a52-8f3c-4d7a-9b1e-2f3a4b5c6d7e",
    tasklist="http://localhost:26600/tasklist/6f9e8a52-8f3c-4d7a-9b1e-2f3a4b5c6d7e",
    operate="http://localhost:26600/operate/6f9e8a52-8f3c-4d7a-9b1e-2f3a4b5c6d7e",
    optimize="http://localhost:26600/optimize/6f9e8a52-8f3c-4d7a-9b1e-2f3a4b5c6d7e",
    secrets="http://localhost:8400/secrets",
    token_url="http://localhost:8400/oauth/token",
    domain=None,
)
SECRET = SecretText("gks_0123456789.abc")

names = st.text(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), min_size=1)
plain_values = st.text(
    st.sampled_from("abcxyzABCXYZ0189._~:/,@+=-"),
)


@given(st.dictionaries(names, plain_values), st.sampled_from(FileFormat))
def test_what_is_written_is_what_is_read(values: dict[str, str], form: FileFormat) -> None:
    assert values == parse(render(values.items(), form))


@given(st.text())
def test_a_value_is_written_so_that_it_reads_back_or_not_at_all(end: str) -> None:
    value = f"hush{end}"
    try:
        text = render([("NAME", value)], FileFormat.ENV)
    except ValueError as error:
        assert "hush" not in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert {"NAME": value} == parse(text)


def test_the_file_has_the_names_that_camundas_clients_read_in_camundas_order() -> None:
    entries = credentials(HOME, "id", SECRET, frozenset({Scope.ZEEBE, Scope.SECRETS}))

    assert [
        "ZEEBE_ADDRESS",
        "ZEEBE_CLIENT_ID",
        "ZEEBE_CLIENT_SECRET",
        "ZEEBE_AUTHORIZATION_SERVER_URL",
        "ZEEBE_REST_ADDRESS",
        "ZEEBE_GRPC_ADDRESS",
        "ZEEBE_TOKEN_AUDIENCE",
        "CAMUNDA_TOKEN_AUDIENCE",
        "CAMUNDA_CLUSTER_ID",
        "CAMUNDA_CLIENT_ID",
        "CAMUNDA_CLIENT_SECRET",
        "CAMUNDA_CLUSTER_REGION",
        "CAMUNDA_CREDENTIALS_SCOPES",
        "CAMUNDA_OAUTH_URL",
        "CAMUNDA_CLIENT_AUTH_CLIENTID",
        "CAMUNDA_CLIENT_AUTH_CLIENTSECRET",
        "CAMUNDA_CLIENT_CLOUD_CLUSTERID",
        "CAMUNDA_CLIENT_CLOUD_REGION",
        "CAMUNDA_REST_ADDRESS",
    ] == [name for name, _ in entries]
    values = dict(entries)
    assert "zeebe.camunda.io" == values["ZEEBE_TOKEN_AUDIENCE"]
    assert "Zeebe,Secrets" == values["CAMUNDA_CREDENTIALS_SCOPES"]
    assert SECRET == values["ZEEBE_CLIENT_SECRET"]


def test_a_base_url_stands_only_for_a_granted_scope() -> None:
    values = dict(credentials(HOME, "id", SECRET, frozenset({Scope.OPERATE, Scope.TASKLIST})))

    assert HOME.operate == values["CAMUNDA_OPERATE_BASE_URL"]
    assert HOME.tasklist == values["CAMUNDA_TASKLIST_BASE_URL"]
    assert "CAMUNDA_OPTIMIZE_BASE_URL" not in values


def test_springs_saas_mode_is_named_only_where_hosts_are_named_as_in_saas() -> None:
    saas = dict(credentials(replace(HOME, domain="example.org"), "id", SECRET, frozenset(Scope)))

    assert "saas" == saas["CAMUNDA_CLIENT_MODE"]
    assert "example.org" == saas["CAMUNDA_CLIENT_CLOUD_DOMAIN"]
    assert "zeebe.example.org" == saas["ZEEBE_TOKEN_AUDIENCE"]
    assert "CAMUNDA_CLIENT_MODE" not in dict(credentials(HOME, "id", SECRET, frozenset(Scope)))


def test_the_secret_is_in_the_text_and_in_no_repr() -> None:
    entries = credentials(HOME, "id", SECRET, frozenset({Scope.ZEEBE}))

    assert SECRET.reveal() in render(entries, FileFormat.ENV)
    assert SECRET.reveal() not in repr(entries)


def test_each_form_is_written_as_its_readers_expect() -> None:
    entries = [("NAME", "value"), ("EMPTY", "")]

    assert "export NAME='value'\nexport EMPTY=''\n" == render(entries, FileFormat.ENV)
    assert "NAME=value\nEMPTY=\n" == render(entries, FileFormat.DOTENV)


def test_the_download_is_named_as_camundas_console_names_it() -> None:
    assert "CamundaCloudMgmtAPI-Client-my-app.txt" == file_name("my-app")


def test_comments_blank_lines_quotes_and_windows_line_ends_are_understood() -> None:
    text = "# comment\r\n\r\nexport A='one'\r\nB=\"two\" # more\r\n  C=three\r\nexport\r\n"

    assert {"A": "one", "B": "two", "C": "three"} == parse(text)


def test_the_last_of_two_equal_names_wins_as_in_a_shell() -> None:
    assert {"A": "2"} == parse("A=1\nA=2\n")


@pytest.mark.parametrize(
    "line", ["no equals sign", "A='open", "1A=x", "=x", "A = x", "A=x y", "export A", '{"a": 1}', "a.b=c"]
)
def test_a_line_that_is_no_setting_is_named_by_number_and_never_shown(line: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(f"GOOD=1\n{line}\n")

    assert "Line 2 of the credentials file is no NAME=value line." == caught.value.message
    assert line not in str(caught.value)


def test_a_private_authority_is_named_as_each_client_reads_it() -> None:
    trusting = replace(HOME, authority="/var/lib/gatekey/tls/ca.pem")
    values = dict(credentials(trusting, "id", SECRET, frozenset({Scope.ZEEBE})))

    assert {"/var/lib/gatekey/tls/ca.pem"} == {values[name] for name in AUTHORITY_NAMES}
    assert not {"SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"} & values.keys()


@pytest.mark.parametrize("authority", [None, "/var/lib/my data/ca.pem"])
def test_an_authority_that_is_none_or_cannot_be_written_is_left_out(authority: str | None) -> None:
    entries = credentials(replace(HOME, authority=authority), "id", SECRET, frozenset({Scope.ZEEBE}))

    assert not [name for name, _ in entries if name in AUTHORITY_NAMES]
    assert render(entries, FileFormat.ENV)
