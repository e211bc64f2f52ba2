from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.errors import ConfigurationError, GatekeyError
from gatekey.server.run.installation import open_installation
from gatekey.server.settings import Settings, reachable, read_settings


def fault(
    environment: Mapping[str, str] | None = None, flags: Mapping[str, Any] | None = None, file: Path | None = None
) -> str:
    with pytest.raises(ConfigurationError) as raised:
        read_settings(flags or {}, environment or {}, file)
    return str(raised.value)


def test_nothing_needs_to_be_set() -> None:
    settings = read_settings({}, {})

    assert ("localhost:8400", "localhost:26600") == (settings.http, settings.gateway)
    assert ("http://localhost:8400", "localhost:26600") == (settings.reached_url, settings.reached_gateway)
    assert (86_400, "local", "local") == (settings.token_lifetime, settings.cluster, settings.region)
    assert (1.0, 10) == (settings.limit_rate, settings.limit_burst)


def test_networks_that_are_never_limited_are_read_one_by_one() -> None:
    settings = read_settings({}, {"GATEKEY_LIMIT_ALLOW": "192.0.2.0/24, 2001:db8::/48,,198.51.100.7 "})

    assert ["192.0.2.0/24", "2001:db8::/48", "198.51.100.7/32"] == [str(network) for network in settings.limit_allow]
    assert () == read_settings({}, {}).limit_allow


def test_origins_of_web_pages_are_a_list_and_by_default_none() -> None:
    settings = read_settings({}, {"GATEKEY_CORS_ORIGINS": "https://app.example.org, http://localhost:5173"})

    assert ("https://app.example.org", "http://localhost:5173") == settings.cors_origins
    assert () == read_settings({}, {}).cors_origins
    with pytest.raises(ConfigurationError, match=r"app\.example\.org is no origin"):
        read_settings({}, {"GATEKEY_CORS_ORIGINS": "app.example.org"})
    assert "somewhere is no network" in fault({"GATEKEY_LIMIT_ALLOW": "10.0.0.0/8,somewhere"})


def test_flags_beat_the_environment_and_that_beats_the_file(tmp_path: Path) -> None:
    file = tmp_path / "gatekey.toml"
    file.write_text("http = 'file:1'\ngateway = 'file:2'\nzeebe_grpc = 'file:3'\ntoken_lifetime = 61\n")

    settings = read_settings(
        {"http": "flag:1"}, {"GATEKEY_HTTP": "environment:1", "GATEKEY_GATEWAY": "environment:2"}, file
    )

    assert ("flag:1", "environment:2", "file:3", 61) == (
        settings.http,
        settings.gateway,
        settings.zeebe_grpc,
        settings.token_lifetime,
    )
    assert settings.zeebe_rest == "http://localhost:8080"


def test_all_faults_are_told_at_once() -> None:
    text = fault(
        {
            "GATEKEY_HTTP": "8400",
            "GATEKEY_TOKEN_LIFETIME": "soon",
            "GATEKEY_DOMAIN": "a domain",
            "GATEKEY_LIMIT_RATE": "0",
            "GATEKEY_LOG_FORMAT": "xml",
            "GATEKEY_TYPO": "1",
        },
        {"public_url": "localhost"},
    )

    names = ["HTTP", "TOKEN_LIFETIME", "DOMAIN", "LIMIT_RATE", "LOG_FORMAT", "TYPO", "PUBLIC_URL"]
    assert [] == [name for name in names if f"GATEKEY_{name}: " not in text]


@pytest.mark.parametrize(
    "name", ["GATEKEY_HTPP", "GATEKEY_", "GATEKEY_CONFIGURATION", "GATEKEY_CACHED", "GATEKEY_DATA_"]
)
def test_a_variable_that_is_no_setting_is_a_fault(name: str) -> None:
    assert f"{name}: there is no such setting" in fault({name: "x"})


@pytest.mark.parametrize(
    ("name", "meant"), [("GATEKEY_HTPP", "GATEKEY_HTTP"), ("GATEKEY_TOKEN_LIFETME", "GATEKEY_TOKEN_LIFETIME")]
)
def test_a_mistyped_setting_is_told_which_may_have_been_meant(name: str, meant: str) -> None:
    assert f"{name}: there is no such setting; did you mean {meant}?" in fault({name: "x"})


def test_variables_of_the_scripts_and_empty_ones_are_none_of_its_business() -> None:
    environment = {
        "GATEKEY_CONFIG": "x",
        "GATEKEY_CACHE": "x",
        "GATEKEY_TEST_ANYTHING": "x",
        "GATEKEY_HTTP": "",
        "GATEKEY_TYPO": "",
        "gatekey_http": "x",
        "HOME": "x",
    }

    assert read_settings({}, {}) == read_settings({}, environment)


@pytest.mark.parametrize(
    "text", ["htpp = 'x'", "[serve]\nhttp = 'localhost:1'", "http = 8400", "http = ['localhost:1']"]
)
def test_a_file_is_held_to_the_same_rules(tmp_path: Path, text: str) -> None:
    file = tmp_path / "gatekey.toml"
    file.write_text(text)

    assert "The settings are wrong: GATEKEY_" in fault(file=file)


@pytest.mark.parametrize("content", [b"http = ", b"http", b"= 1", b"http = '\xff'", b"\xff\xfe\x00", b"a = 1\na = 2"])
def test_a_file_that_is_no_toml_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "gatekey.toml"
    file.write_bytes(content)

    assert f"The settings file {file} cannot be read" in fault(file=file)


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    assert "cannot be read" in fault(file=tmp_path / "missing.toml")
    assert "cannot be read" in fault(file=tmp_path)


@pytest.mark.parametrize("name", ["http", "gateway", "zeebe_grpc"])
@pytest.mark.parametrize(
    "value", ["", "localhost", ":8400", "localhost:", "localhost:x", "localhost:65536", "localhost:-1", "localhost: 1"]
)
def test_an_address_is_host_and_port(name: str, value: str) -> None:
    assert f"GATEKEY_{name.upper()}: must be host:port" in fault(flags={name: value})


@pytest.mark.parametrize("name", ["http", "gateway"])
def test_port_zero_would_print_addresses_that_nobody_can_call(name: str) -> None:
    assert f"GATEKEY_{name.upper()}" in fault(flags={name: "localhost:0"})


@pytest.mark.parametrize("value", ["a b:1", "user@host:1", "host/path:1", "[::1:1", "host\n:1"])
def test_a_host_is_a_host(value: str) -> None:
    assert "GATEKEY_ZEEBE_GRPC" in fault({"GATEKEY_ZEEBE_GRPC": value})


@pytest.mark.parametrize("value", ["localhost:1", "[::1]:8400", "0.0.0.0:80", "zeebe.example.org:65535"])
def test_addresses_of_every_kind_are_taken(value: str) -> None:
    assert value == read_settings({"http": value}, {}).http


@pytest.mark.parametrize("name", ["public_url", "zeebe_rest"])
@pytest.mark.parametrize(
    "value",
    [
        "localhost:8400",
        "ftp://localhost",
        "http://",
        "http://h?x=1",
        "http://h#x",
        "http://[::",
        "http://h:99999",
        "http://h:x",
        "http://h h",
        "http://user:secret@h",
        "javascript:alert(1)",
    ],
)
def test_a_url_is_one_that_can_be_called(name: str, value: str) -> None:
    assert f"GATEKEY_{name.upper()}: " in fault({f"GATEKEY_{name.upper()}": value})


def test_the_public_url_loses_its_last_slash() -> None:
    """
    Issuers are compared character by character (RFC 8414 section 3.3).
    """
    assert read_settings({"public_url": "https://g.example.org/"}, {}).reached_url == "https://g.example.org"
    assert read_settings({"public_url": "https://g.example.org/base/"}, {}).reached_url == "https://g.example.org/base"


@pytest.mark.parametrize("value", ["camunda", "camunda.example.org", "CAMUNDA.example.org", "a-b.example"])
def test_a_domain_is_taken_and_lowered(value: str) -> None:
    assert value.lower() == read_settings({}, {"GATEKEY_DOMAIN": value}).domain


@pytest.mark.parametrize(
    "value",
    [".", "a..b", ".a", "a.", "a b", "a/b", "a:1", "https://a.b", "*.a", "-a.example", "a_b.example", "ü.example"],
)
def test_what_is_no_domain_is_refused(value: str) -> None:
    assert "GATEKEY_DOMAIN: must be a domain" in fault({"GATEKEY_DOMAIN": value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLUSTER", "a/b"),
        ("CLUSTER", "a" * 51),
        ("REGION", "Not A Label"),
        ("REGION", "a.b"),
    ],
)
def test_the_first_cluster_is_held_to_the_rules_of_all_clusters(tmp_path: Path, name: str, value: str) -> None:
    environment = {"GATEKEY_DATA": str(tmp_path / "data"), f"GATEKEY_{name}": value}

    with pytest.raises(GatekeyError):
        open_installation(read_settings({}, environment), create=True).close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOKEN_LIFETIME", "59"),
        ("TOKEN_LIFETIME", "2592001"),
        ("TOKEN_LIFETIME", "60.5"),
        ("LIMIT_RATE", "-1"),
        ("LIMIT_RATE", "nan"),
        ("LIMIT_RATE", "inf"),
        ("LIMIT_BURST", "0"),
        ("LIMIT_BLOCK_AFTER", "0"),
        ("LIMIT_BLOCK_WINDOW", "inf"),
        ("LIMIT_BLOCK_FOR", "inf"),
        ("LIMIT_BLOCK_FOR", "1e300"),
        ("GATEWAY_THREADS", "0"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(name: str, value: str) -> None:
    assert f"GATEKEY_{name}: " in fault({f"GATEKEY_{name}": value})


def test_no_error_tells_a_secret(tmp_path: Path) -> None:
    secret = "a-made-up-master-key"
    file = tmp_path / "gatekey.toml"
    file.write_text(f"master_key = ['{secret}']\nhttp = 1")
    broken = tmp_path / "broken.toml"
    broken.write_text(f"master_key = '{secret}\nhttp = 1")

    texts = [
        fault({"GATEKEY_MASTER_KEY": secret, "GATEKEY_MASTER_KEY_FILE": "x"}),
        fault({"GATEKEY_MASTER_KEY": secret, "GATEKEY_HTTP": "x"}),
        fault(file=file),
        fault(file=broken),
    ]

    assert not [text for text in texts if secret in text]


def test_no_printing_of_the_settings_shows_the_master_key() -> None:
    settings = read_settings({}, {"GATEKEY_MASTER_KEY": "a-made-up-master-key"})

    assert "made-up" not in f"{settings} {settings!r} {settings.model_dump()}"


def test_two_places_for_the_master_key_contradict_each_other() -> None:
    assert "set one" in fault({"GATEKEY_MASTER_KEY": "x", "GATEKEY_MASTER_KEY_FILE": "x"})


def test_settings_do_not_change_once_read() -> None:
    settings = read_settings({}, {})

    with pytest.raises(ValueError, match="frozen"):
        settings.http = "other:1"  # type: ignore[misc] # that it cannot be done is the claim


@pytest.mark.parametrize(
    ("listening", "called"),
    [
        ("0.0.0.0:8400", "localhost:8400"),
        ("[::]:8400", "localhost:8400"),
        ("*:8400", "localhost:8400"),
        ("10.0.0.1:8400", "10.0.0.1:8400"),
        ("[::1]:8400", "[::1]:8400"),
    ],
)
def test_nobody_is_told_to_call_an_address_of_all(listening: str, called: str) -> None:
    assert called == reachable(listening)
    assert f"http://{called}" == Settings(http=listening).reached_url


def test_what_clients_are_told_can_be_set_apart_from_where_it_listens() -> None:
    settings = read_settings({}, {"GATEKEY_GATEWAY": "0.0.0.0:1", "GATEKEY_GATEWAY_ADDRESS": "zeebe.example.org:443"})

    assert settings.reached_gateway == "zeebe.example.org:443"


@given(
    st.dictionaries(
        st.sampled_from([f"GATEKEY_{name.upper()}" for name in Settings.model_fields]),
        st.text(st.characters(exclude_categories=[]), max_size=30),
        max_size=4,
    )
)
def test_no_environment_breaks_the_reading(environment: dict[str, str]) -> None:
    with suppress(ConfigurationError):
        read_settings({}, environment)


def test_a_value_that_is_no_text_is_named() -> None:
    with pytest.raises(ConfigurationError, match="GATEKEY_TRUSTED_PROXIES: this is no text"):
        read_settings({}, {"GATEKEY_TRUSTED_PROXIES": "\udcff", "GATEKEY_DOMAIN": "example.org"})


def test_by_default_no_proxy_is_believed() -> None:
    settings = read_settings({}, {})

    assert ((), (), False, 64) == (
        settings.trusted_proxies,
        settings.nat64_prefixes,
        settings.proxy_protocol,
        settings.limit_ipv6_prefix,
    )


def test_proxies_are_a_list_in_the_environment_and_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "gatekey.toml"
    file.write_text("trusted_proxies = ['10.0.0.5', '2001:db8::/64']\n")
    settings = read_settings({}, {"GATEKEY_TRUSTED_PROXIES": "10.0.0.5, 2001:db8::/64"})

    assert read_settings({}, {}, file).trusted_proxies == settings.trusted_proxies
    assert ["10.0.0.5/32", "2001:db8::/64"] == [str(network) for network in settings.trusted_proxies]


def test_workers_are_told_the_same_proxies() -> None:
    settings = read_settings(
        {},
        {
            "GATEKEY_TRUSTED_PROXIES": "10.0.0.5,2001:db8::/64",
            "GATEKEY_FORWARDED_BY": "forwarded",
            "GATEKEY_PROXY_PROTOCOL": "true",
            "GATEKEY_NAT64_PREFIXES": "2001:db8:64::/96",
        },
    )

    assert settings == Settings.model_validate(settings.model_dump(mode="json", exclude_unset=True))


def test_faults_about_proxies_are_told_at_once_with_all_others() -> None:
    text = fault(
        {
            "GATEKEY_TRUSTED_PROXIES": "proxy.example.org, 10.0.0.5/24, 0.0.0.0/0",
            "GATEKEY_FORWARDED_BY": "x-real-ip",
            "GATEKEY_PROXY_PROTOCOL": "perhaps",
            "GATEKEY_LIMIT_IPV6_PREFIX": "16",
            "GATEKEY_NAT64_PREFIXES": "64:ff9b::/64",
        }
    )

    names = ["TRUSTED_PROXIES", "FORWARDED_BY", "PROXY_PROTOCOL", "LIMIT_IPV6_PREFIX", "NAT64_PREFIXES"]
    assert [] == [name for name in names if f"GATEKEY_{name}: " not in text]
    assert [] == [word for word in ("proxy.example.org", "10.0.0.5/24", "0.0.0.0/0") if f"{word} " not in text]


@pytest.mark.parametrize("value", ["trusted_proxies = 5", "trusted_proxies = [5, {}]", "nat64_prefixes = true"])
def test_a_list_of_networks_holds_networks(tmp_path: Path, value: str) -> None:
    file = tmp_path / "gatekey.toml"
    file.write_text(value)

    assert "The settings are wrong: GATEKEY_" in fault(file=file)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        (
            {"GATEKEY_PROXY_PROTOCOL": "on"},
            "set trusted_proxies as well: without it nobody is believed, whatever proxy_protocol",
        ),
        (
            {"GATEKEY_FORWARDED_BY": "forwarded"},
            "set trusted_proxies as well: without it nobody is believed, whatever forwarded_by",
        ),
        (
            {"GATEKEY_TRUSTED_PROXIES": "10.0.0.5", "GATEKEY_FORWARDED_BY": "none"},
            "trusted_proxies cannot name who asks: set forwarded_by, proxy_protocol, or both",
        ),
    ],
)
def test_settings_about_proxies_that_would_do_nothing_are_a_fault(environment: dict[str, str], words: str) -> None:
    assert words in fault(environment)


@pytest.mark.parametrize("url", ["localhost:6379", "http://:a-secret@localhost", "redis:/localhost"])
def test_a_store_of_limits_is_a_url_of_one_and_never_quoted(url: str) -> None:
    text = fault({"GATEKEY_LIMIT_STORE": url})

    assert "GATEKEY_LIMIT_STORE: must be a redis://, rediss:// or unix:// URL" in text
    assert "a-secret" not in text


def test_the_secret_in_the_url_of_a_store_is_not_shown() -> None:
    settings = read_settings({}, {"GATEKEY_LIMIT_STORE": "redis://:a-secret@localhost"})

    assert "a-secret" not in repr(settings)
    assert "a-secret" not in settings.model_dump_json()
