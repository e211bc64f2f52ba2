"""
Every setting of the service: one frozen tree, read once, all faults told at once.

From strongest to weakest: command-line flags, `GATEKEY_*` environment variables, the TOML file, the defaults below.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from gatekey.errors import ConfigurationError
from gatekey.server.callers.address import IPV6_PREFIX
from gatekey.server.callers.trust import read_nat64, read_networks, read_proxies, split_list
from gatekey.server.gateway.policy.model import STREAM_LIFE
from gatekey.server.gateway.policy.origins import read_origins

PREFIX = "GATEKEY_"
HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?")
ADDRESS = re.compile(r"(?P<host>[A-Za-z0-9._-]+|\*|\[[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?\]):(?P<port>[0-9]{1,5})")
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""One label of a host name (RFC 1123 section 2.1)."""

LARGEST_PORT = 65_535

LONGEST = 86_400.0 * 365
"""Seconds; a limit that lasts over a year is a typing error."""

NOT_SETTINGS = frozenset({f"{PREFIX}CONFIG", f"{PREFIX}CACHE"})
TESTING = f"{PREFIX}TEST_"
"""Variables of the command line itself, of the scripts and of the tests."""


def _default_data() -> Path:
    from os import environ  # the one place where the XDG convention is looked up

    home = environ.get("XDG_DATA_HOME") or str(Path("~/.local/share").expanduser())
    return Path(home) / "gatekey"


class Settings(BaseModel):
    """
    The settings of one installation; the command line's `gatekey serve
    --help` and this class name the same things.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path = Field(default_factory=_default_data, description="Folder of the database and the master key.")
    http: str = Field("localhost:8400", description="Where the service listens: host:port.")
    gateway: str = Field("localhost:26600", description="Where the gateway listens: host:port.")
    public_url: str = Field("", description="URL under which clients reach the service; it is the tokens' issuer.")
    gateway_address: str = Field("", description="host:port under which clients reach the gateway, where it differs.")
    domain: str = Field("", description="Own base domain: addresses and audiences as in Camunda SaaS, under it.")
    organisation: str = Field("My organisation", description="Name of the organisation, at the first start.")
    owner: str = Field("owner@localhost", description="E-mail address of the owner, at the first start.")
    cluster: str = Field("local", description="Name of the first cluster, at the first start.")
    region: str = Field("local", description="Region of the first cluster, at the first start.")
    zeebe_grpc: str = Field("localhost:26500", description="Zeebe gRPC address of the first cluster: host:port.")
    zeebe_rest: str = Field("http://localhost:8080", description="Zeebe REST URL of the first cluster.")
    demo: Literal["on", "off"] = Field(
        "on",
        description='Whether a new installation gets a cluster named "demo", whose upstream the service runs itself.',
    )
    demo_grpc: str = Field("127.0.0.1:26510", description="Where the demo cluster serves gRPC, at the first start.")
    demo_rest: str = Field("127.0.0.1:8510", description="Where the demo cluster serves REST, at the first start.")
    token_lifetime: int = Field(86_400, ge=60, le=2_592_000, description="Seconds an access token lives.")
    token_lifetime_max: int = Field(
        2_592_000, ge=60, le=2_592_000, description="The most seconds that tokens of a client may be given."
    )
    token_algorithm: Literal["RS256", "ES256", "EdDSA"] = Field("RS256", description="What signs access tokens.")
    token_form: Literal["JWT", "at+jwt"] = Field("JWT", description="typ of access tokens; at+jwt is RFC 9068.")
    storm_shield: int = Field(30, ge=0, le=300, description="Seconds in which equal requests get one token; 0 is off.")
    key_sign_for: int = Field(7_776_000, ge=3_600, description="Seconds a signing key signs before it is rotated.")
    key_lead: int = Field(3_600, ge=0, description="Seconds a signing key is published before it signs.")
    limit_rate: float = Field(
        1.0, gt=0, le=1e9, allow_inf_nan=False, description="Token requests per second and source address."
    )
    limit_burst: int = Field(10, ge=1, le=10**9, description="Token requests an address may make at once after a rest.")
    limit_block_after: int = Field(
        30, ge=1, le=10**9, description="Refused requests within the window that block an address."
    )
    limit_block_window: float = Field(
        60.0, gt=0, le=LONGEST, allow_inf_nan=False, description="Seconds over which refusals are counted."
    )
    limit_block_for: float = Field(
        60.0, gt=0, le=LONGEST, allow_inf_nan=False, description="Seconds a first block lasts."
    )
    limit_block_at_most: float = Field(
        900.0,
        gt=0,
        le=LONGEST,
        allow_inf_nan=False,
        description="Seconds a block lasts at most; each doubles the next.",
    )
    limit_block_forgiven: float = Field(
        900.0, gt=0, le=LONGEST, allow_inf_nan=False, description="Seconds after a block that take one doubling back."
    )
    limit_history: int = Field(
        86_400, ge=3_600, le=2_592_000, description="Seconds that requests by minute and blocks are kept, to explain."
    )
    limit_ipv6_prefix: int = Field(
        IPV6_PREFIX, ge=32, le=128, description="Bits of an IPv6 address that count as one source address."
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = Field(
        (), description="Addresses or networks of proxies that are believed about who asks; by default nobody."
    )
    forwarded_by: Literal["x-forwarded-for", "forwarded", "none"] = Field(
        "x-forwarded-for", description="The one header in which trusted proxies name who asks."
    )
    proxy_protocol: bool = Field(
        default=False, description="Connections of trusted proxies begin with the PROXY protocol, version 1 or 2."
    )
    nat64_prefixes: tuple[IPv6Network, ...] = Field(
        (), description="Prefixes (/96) under which your translators show IPv4 callers, beside 64:ff9b::/96."
    )
    limit_store: SecretStr | None = Field(
        None, description="URL of a Redis or Valkey that keeps the limits of several hosts; by default each its own."
    )
    limit_store_secret_file: Path | None = Field(None, description="File with the store's secret, if not in its URL.")
    limit_store_timeout: float = Field(
        0.05, gt=0, le=5, allow_inf_nan=False, description="Seconds after which a store that is silent is away."
    )
    limit_when_down: Literal["local", "open", "closed"] = Field(
        "local", description="While the store is away: limit on each host alone, admit all, or answer 503."
    )
    limit_mode: Literal["strict", "fair", "shadow"] = Field(
        "strict", description="strict: by address. fair: by client at an address. shadow: count, refuse nothing."
    )
    limit_fair_rate: float = Field(
        20.0, gt=0, le=1e9, allow_inf_nan=False, description="fair: token requests per second of a whole address."
    )
    limit_fair_burst: int = Field(
        200, ge=1, le=10**9, description="fair: token requests a whole address may make at once after a rest."
    )
    limit_allow: tuple[IPv4Network | IPv6Network, ...] = Field(
        (), description="Addresses or networks that are never limited."
    )
    tls: Literal["off", "auto", "paths"] = Field(
        "off", description="TLS of service and gateway. auto: a local certificate authority; paths: your certificate."
    )
    tls_certificate: Path | None = Field(None, description="Your certificate with its chain (PEM), read when changed.")
    tls_key: Path | None = Field(None, description="The key of your certificate (PEM), not encrypted.")
    stream_life: int = Field(STREAM_LIFE, ge=1, description="The most seconds a stream through the gateway lasts.")
    access_log: Literal["off", "refused", "all"] = Field(
        "refused", description="Which calls the gateway writes to standard output, as JSON: those it refused, or all."
    )
    cors_origins: tuple[str, ...] = Field(
        (),
        description="Origins whose web pages may call the APIs through the gateway, such as https://app.example.org.",
    )
    gateway_grace: int = Field(2, ge=0, le=3600, description="Seconds that calls get to finish when the gateway ends.")
    gateway_threads: int = Field(2, ge=1, description="Worker threads of the gateway.")
    master_key: SecretStr | None = Field(None, description="Master key (base64url) instead of the file in the folder.")
    master_key_file: Path | None = Field(
        None, description="File with the master key, instead of the one in the folder."
    )
    metrics: str = Field("", description="Where Prometheus scrapes metrics: host:port. Empty is off.")
    log_level: Literal["info", "debug"] = Field("info", description="debug also logs every granted token request.")
    workers: int = Field(1, ge=1, le=64, description="Processes that answer requests; as many as cores is best.")
    log_format: Literal["text", "json"] = Field("text", description="How log lines are written to standard error.")

    @field_validator("http", "gateway", "zeebe_grpc", "demo_grpc", "demo_rest")
    @classmethod
    def _is_address(cls, value: str) -> str:
        return _address(value)

    @field_validator("gateway_address", "metrics")
    @classmethod
    def _is_address_if_set(cls, value: str) -> str:
        return _address(value) if value else value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _are_proxies(cls, value: object) -> object:
        return read_proxies(_words_of(value))

    @field_validator("limit_allow", mode="before")
    @classmethod
    def _are_networks(cls, value: object) -> object:
        return read_networks(_words_of(value))

    @field_validator("nat64_prefixes", mode="before")
    @classmethod
    def _are_prefixes(cls, value: object) -> object:
        return read_nat64(_words_of(value))

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _are_origins(cls, value: object) -> object:
        return read_origins(_words_of(value))

    @field_validator("zeebe_rest")
    @classmethod
    def _is_url(cls, value: str) -> str:
        return _url(value)

    @field_validator("public_url")
    @classmethod
    def _is_url_if_set(cls, value: str) -> str:
        return _url(value) if value else value

    @field_validator("limit_store")
    @classmethod
    def _is_store(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must be a redis://, rediss:// or unix:// URL")
        return value

    @field_validator("domain")
    @classmethod
    def _is_domain(cls, value: str) -> str:
        if value and not all(LABEL.fullmatch(label) for label in value.lower().split(".")):
            raise ValueError("must be a domain, such as camunda.example.org")
        return value.lower()

    @model_validator(mode="after")
    def _lifetime_within_maximum(self) -> "Settings":
        if self.token_lifetime > self.token_lifetime_max:
            raise ValueError("token_lifetime is longer than token_lifetime_max")
        return self

    @model_validator(mode="after")
    def _one_master_key(self) -> "Settings":
        if self.master_key is not None and self.master_key_file is not None:
            raise ValueError("master_key and master_key_file contradict each other: set one")
        return self

    @model_validator(mode="after")
    def _certificate_where_one_is_wanted(self) -> "Settings":
        given = (self.tls_certificate is not None, self.tls_key is not None)
        if given != (self.tls == "paths",) * 2:
            raise ValueError("tls = paths needs tls_certificate and tls_key, and they need it")
        return self

    @model_validator(mode="after")
    def _proxies_name_callers(self) -> "Settings":
        if not self.trusted_proxies:
            set_for_nothing = [
                name
                for name, is_set in (
                    ("proxy_protocol", self.proxy_protocol),
                    ("forwarded_by", "forwarded_by" in self.model_fields_set and self.forwarded_by != "none"),
                )
                if is_set
            ]
            if set_for_nothing:
                words = " and ".join(set_for_nothing)
                raise ValueError(f"set trusted_proxies as well: without it nobody is believed, whatever {words} says")
        elif self.forwarded_by == "none" and not self.proxy_protocol:
            raise ValueError("trusted_proxies cannot name who asks: set forwarded_by, proxy_protocol, or both")
        return self

    @property
    def reached_url(self) -> str:
        """The public URL, or the one that follows from where the service listens."""
        return self.public_url or f"{'http' if self.tls == 'off' else 'https'}://{reachable(self.http)}"

    @property
    def reached_gateway(self) -> str:
        """The gateway's public host:port, or the one that follows from where it listens."""
        return self.gateway_address or reachable(self.gateway)


def _words_of(value: object) -> list[str]:
    return split_list(value) if isinstance(value, str) else [str(each) for each in _many(value)]


def _many(value: object) -> Iterable[object]:
    if isinstance(value, Iterable):
        return value
    raise ValueError("must be a list, separated by commas")


def _address(value: str) -> str:
    found = ADDRESS.fullmatch(value)
    if found is None or not 0 < int(found["port"]) <= LARGEST_PORT:
        raise ValueError("must be host:port, such as localhost:8400")
    return value


def _url(value: str) -> str:
    fault = "must be an http or https URL, such as http://localhost:8400"
    try:
        parts = urlsplit(value)
        loose = parts.query or parts.fragment or parts.username is not None or parts.port == 0
    except ValueError:
        raise ValueError(fault) from None
    if parts.scheme not in {"http", "https"} or not HOST.fullmatch(parts.hostname or "") or loose or " " in value:
        raise ValueError(fault)
    return value.rstrip("/")


def reachable(address: str) -> str:
    """Return the host:port to call for a listening address: nobody can call `0.0.0.0`."""
    host, _, port = address.rpartition(":")
    return f"localhost:{port}" if host in {"0.0.0.0", "[::]", "*"} else address  # noqa: S104 - recognised, not bound


def read_settings(flags: Mapping[str, Any], environment: Mapping[str, str], file: Path | None = None) -> Settings:
    """
    Return the settings. Raises `ConfigurationError` that lists every fault, and never a secret.

    `flags` holds only what was given on the command line. Unknown `GATEKEY_*` variables are faults too: a typo must not
    silently leave a default in force.
    """
    variables = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and value and name not in NOT_SETTINGS and not name.startswith(TESTING)
    }
    try:
        values = {} if file is None else tomllib.loads(file.read_text(encoding="utf-8"))
        return Settings.model_validate({**values, **variables, **flags})
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The settings file {file} cannot be read: {error}.") from error
    except UnicodeEncodeError:  # what pydantic raises where it would quote such a value
        given = {**variables, **flags}.items()
        names = ", ".join(_place([name]) for name, value in given if re.search("[\ud800-\udfff]", str(value)))
        raise ConfigurationError(f"The settings are wrong: {names}: this is no text in UTF-8.") from None
    except ValidationError as error:
        faults = "; ".join(f"{_place(fault['loc'])}: {_words(fault)}" for fault in error.errors())
        raise ConfigurationError(f"The settings are wrong: {faults}.", hint="See `gatekey serve --help`.") from None


def _words(fault: Mapping[str, Any]) -> str:
    if fault["type"] == "extra_forbidden":
        meant = get_close_matches(str(fault["loc"][0]), Settings.model_fields, n=1)
        return f"there is no such setting; did you mean {_place(meant)}?" if meant else "there is no such setting"
    return str(fault["msg"]).removeprefix("Value error, ")


def _place(location: Sequence[int | str]) -> str:
    return f"{PREFIX}{str(location[0]).upper()}" if location else "settings"
