from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.errors import ConfigurationError
from gatekey.oauth.addresses import ClusterAddresses
from gatekey.oauth.credentials_file import (
    AUTHORITY_NAMES,
    BUNDLE_NAMES,
    FileFormat,
    credentials,
    file_name,
    parse,
    render,
)
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.vocabulary import Scope

HOME = ClusterAddresses(
    cluster_id="6f9e8a52-8f3c-4d7a-9b1e-2f3a4b5c6d7e",
    region="local",
    zeebe="localhost:26600",
    grpc="grpc://localhost:26600",
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
        "CAMUNDA_BASE_URL",
        "ZEEBE_INSECURE_CONNECTION",
        "ZEEBE_SECURE_CONNECTION",
        "OAUTHLIB_INSECURE_TRANSPORT",
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
    assert "$env:NAME = 'value'\n$env:EMPTY = ''\n" == render(entries, FileFormat.POWERSHELL)


def test_the_download_is_named_as_camundas_console_names_it() -> None:
    assert "CamundaCloudMgmtAPI-Client-my-app.txt" == file_name("my-app")
    assert len(FileFormat) == len({file_name("my-app", form) for form in FileFormat})


def test_comments_blank_lines_quotes_and_windows_line_ends_are_understood() -> None:
    text = "# comment\r\n\r\nexport A='one'\r\nB=\"two\" # more\r\n  C=three\r\nexport\r\n"

    assert {"A": "one", "B": "two", "C": "three"} == parse(text)


def test_the_last_of_two_equal_names_wins_as_in_a_shell() -> None:
    assert {"A": "2"} == parse("A=1\nA=2\n")


@pytest.mark.parametrize("line", ["no equals sign", "A='open", "1A=x", "=x", "A=x y", "export A", '{"a": 1}', "a.b=c"])
def test_a_line_that_is_no_setting_is_named_by_number_and_never_shown(line: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(f"GOOD=1\n{line}\n")

    assert "Line 2 of the credentials file is no NAME=value line." == caught.value.message
    assert line not in str(caught.value)


TRUSTING = replace(
    HOME,
    grpc="grpcs://localhost:26600",
    authority="/var/lib/gatekey/tls/ca.pem",
    bundle="/var/lib/gatekey/tls/bundle.pem",
)


def test_a_private_authority_is_named_as_each_client_reads_it() -> None:
    values = dict(credentials(TRUSTING, "id", SECRET, frozenset({Scope.ZEEBE})))

    assert {"/var/lib/gatekey/tls/ca.pem"} == {values[name] for name in AUTHORITY_NAMES}
    assert {"/var/lib/gatekey/tls/bundle.pem"} == {values[name] for name in BUNDLE_NAMES}
    assert "ZEEBE_INSECURE_CONNECTION" not in values


def test_no_variable_stands_in_the_file_that_breaks_a_client() -> None:
    breaking = {"CAMUNDA_MTLS_CA_PATH", "CAMUNDA_CUSTOM_ROOT_CERT_PATH"}

    assert not breaking & dict(credentials(TRUSTING, "id", SECRET, frozenset(Scope))).keys()


def test_a_gateway_without_tls_is_named_as_each_client_reads_it() -> None:
    values = dict(credentials(HOME, "id", SECRET, frozenset({Scope.ZEEBE})))

    assert ("true", "false", "1") == (
        values["ZEEBE_INSECURE_CONNECTION"],
        values["ZEEBE_SECURE_CONNECTION"],
        values["OAUTHLIB_INSECURE_TRANSPORT"],
    )


@pytest.mark.parametrize("authority", [None, "/var/lib/my data/ca.pem"])
def test_an_authority_that_is_none_or_cannot_be_written_is_left_out(authority: str | None) -> None:
    entries = credentials(replace(HOME, authority=authority, bundle=authority), "id", SECRET, frozenset({Scope.ZEEBE}))

    assert not [name for name, _ in entries if name in {*AUTHORITY_NAMES, *BUNDLE_NAMES}]
    assert render(entries, FileFormat.ENV)


@pytest.mark.parametrize(
    "line",
    [
        "$env:NAME = 'a=b'",
        '$Env:NAME="a=b";',
        "set NAME=a=b",
        'SET "NAME=a=b"',
        "set -gx NAME a=b",
        "set -x -U NAME 'a=b'",
        "setenv NAME a=b",
        "NAME = a=b",
        "  export NAME='a=b'  # more",
    ],
)
def test_every_shell_has_its_way_to_set_a_variable(line: str) -> None:
    assert {"NAME": "a=b"} == parse(f"# comment\nREM comment\n:: comment\n@echo off\n{line}\n")
