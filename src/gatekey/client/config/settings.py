"""
What a client needs to know, found in a file or the environment under any of the names that Camunda's clients read.

Pure: takes mappings, returns values that remember where they came from, and names all places looked at in vain.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from gatekey.errors import ConfigurationError
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.vocabulary import DEFAULT_DOMAIN, Scope


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    One thing that is looked for: what people call it, and its names in the order in which they are tried.

    `word` is its name where names are ours: among arguments, and in JSON files of OAuth clients in general.
    """

    title: str
    names: tuple[str, ...]
    word: str = ""


# The first name is that of Camunda's oldest clients and of its file, the second that of the newest, the third Spring's.
# The last ones are those of Spring's properties of earlier years, as environment variables.
CLIENT_ID = Wanted(
    "client id",
    ("ZEEBE_CLIENT_ID", "CAMUNDA_CLIENT_ID", "CAMUNDA_CLIENT_AUTH_CLIENTID", "ZEEBE_CLIENT_CLOUD_CLIENTID"),
    "client_id",
)
CLIENT_SECRET = Wanted(
    "client secret",
    (
        "ZEEBE_CLIENT_SECRET",
        "CAMUNDA_CLIENT_SECRET",
        "CAMUNDA_CLIENT_AUTH_CLIENTSECRET",
        "ZEEBE_CLIENT_CLOUD_CLIENTSECRET",
    ),
    "client_secret",
)
TOKEN_URL = Wanted(
    "token URL",
    ("ZEEBE_AUTHORIZATION_SERVER_URL", "CAMUNDA_OAUTH_URL", "CAMUNDA_CLIENT_AUTH_TOKENURL"),
    "token_url",
)
TOKEN_SCOPE = Wanted("token scope", ("CAMUNDA_TOKEN_SCOPE", "ZEEBE_TOKEN_SCOPE", "CAMUNDA_CLIENT_AUTH_SCOPE"), "scope")
"""The `scope` of RFC 6749 section 3.3, which Keycloak and Entra ID may want; Camunda SaaS and Gatekey want none."""

MODE = Wanted("client mode", ("CAMUNDA_CLIENT_MODE",))
DOMAIN = Wanted("domain", ("CAMUNDA_CLIENT_CLOUD_DOMAIN",))
AUTHORITIES = Wanted(
    "certificate authorities",
    (
        "ZEEBE_CA_CERTIFICATE_PATH",
        "CAMUNDA_CA_CERTIFICATE_PATH",
        "CAMUNDA_CUSTOM_ROOT_CERT_PATH",  # @camunda8/sdk
        "CAMUNDA_MTLS_CA_PATH",  # the orchestration cluster SDKs for JavaScript and Python
    ),
)
CERTIFICATE = Wanted("client certificate", ("CAMUNDA_MTLS_CERT_PATH", "CAMUNDA_CUSTOM_CERT_CHAIN_PATH"))
CERTIFICATE_KEY = Wanted("client certificate's key", ("CAMUNDA_MTLS_KEY_PATH", "CAMUNDA_CUSTOM_PRIVATE_KEY_PATH"))
CERTIFICATE_FILES = (AUTHORITIES, CERTIFICATE, CERTIFICATE_KEY)
ZEEBE_AUDIENCE = Wanted(
    "audience",
    (
        "ZEEBE_TOKEN_AUDIENCE",
        "CAMUNDA_TOKEN_AUDIENCE",
        "CAMUNDA_CLIENT_AUTH_AUDIENCE",
        "CAMUNDA_ZEEBE_OAUTH_AUDIENCE",
    ),
    "audience",
)
ZEEBE_ADDRESS = Wanted("gRPC address", ("ZEEBE_ADDRESS",))
GRPC_ADDRESS = Wanted("gRPC address", ("ZEEBE_GRPC_ADDRESS", "CAMUNDA_CLIENT_GRPCADDRESS"))
REST_ADDRESS = Wanted("REST address", ("ZEEBE_REST_ADDRESS", "CAMUNDA_REST_ADDRESS", "CAMUNDA_CLIENT_RESTADDRESS"))
CLUSTER_ID = Wanted("cluster id", ("CAMUNDA_CLUSTER_ID", "CAMUNDA_CLIENT_CLOUD_CLUSTERID"))
SCOPES = Wanted("scopes", ("CAMUNDA_CREDENTIALS_SCOPES",))

ZEEBE_WORD = re.compile(r"(?:^|\.)zeebe\.(.+)")
"""Finds the domain in both spellings of a Zeebe audience: `zeebe.<domain>` and `<cluster>.<region>.zeebe.<domain>`."""


@dataclass(frozen=True, slots=True)
class SettingsPlace:
    """Somewhere settings stand: what to call it, its names and its values, which are secrets in part."""

    title: str
    values: Mapping[str, str] = field(repr=False, hash=False)
    in_words: bool = False
    """Whether values stand under the plain words (`client_id`) too; in an environment those may be somebody else's."""
    changed_at: float = 0.0
    """When a file was last changed (Unix seconds)."""


@dataclass(frozen=True, slots=True)
class SettingOrigin:
    """Where a value came from: the name it had and the place where it stood."""

    name: str
    place: str

    def __str__(self) -> str:
        return f"{self.name} in {self.place}"


@dataclass(frozen=True, slots=True)
class FoundSetting:
    """A value as text, and its origin."""

    value: str = field(repr=False)
    origin: SettingOrigin


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """All that asking for a token takes. `audience` is None where nobody named one: servers then use their default."""

    token_url: str
    client_id: str
    client_secret: SecretText
    audience: str | None
    origins: Mapping[str, SettingOrigin] = field(default_factory=dict, hash=False)
    """By field name, for those that have one."""
    token_scope: str | None = None
    authorities: str | None = None
    """File of certificate authorities to trust besides the machine's own."""
    certificate: str | None = None
    """File of the client certificate to show (mutual TLS), and of its key where that stands apart."""
    certificate_key: str | None = None
    changed_at: float = 0.0
    """When the file that they stand in was last changed (Unix seconds); 0 where there is none."""

    def whereabouts(self) -> str:
        """Say where id, secret and audience came from, for people who correct them; empty if from nowhere."""
        names = ("client_id", "client_secret", "audience")
        places = dict.fromkeys(str(self.origins[name]) for name in names if name in self.origins)
        return f"They came from {', '.join(places)}." if places else ""


def find(wanted: Wanted, places: Sequence[SettingsPlace]) -> FoundSetting | None:
    """
    Return the value from the first place that has one; blanks around it are dropped, empty ones count as missing.

    Raises `ConfigurationError` where one place has two names for it with different values: clients would disagree.
    """
    for place in places:
        names = (*wanted.names, wanted.word) if place.in_words and wanted.word else wanted.names
        standing = [(name, text) for name in names if (text := place.values.get(name, "").strip())]
        for name, text in standing[1:]:
            if text != standing[0][1]:
                raise ConfigurationError(
                    f"{standing[0][0]} and {name} in {place.title} name a different {wanted.title}.",
                    hint="Some clients read the one, some the other: give them the same value or remove one.",
                )
        if standing:
            return FoundSetting(standing[0][1], SettingOrigin(standing[0][0], place.title))
    return None


def resolve(
    places: Sequence[SettingsPlace],
    scope: Scope = Scope.ZEEBE,
    audience: str | None = None,
    *,
    secret_needed: bool = True,
) -> ClientSettings:
    """
    Return the settings for a token of `scope`, or of an `audience` that the caller names; earlier places win.

    Raises `ConfigurationError` with everything that is missing and everywhere it was looked for, or for a token URL
    that no request could go to. A secret may be missing where the client proves in another way who it is.
    """
    found = {
        "token_url": find(TOKEN_URL, places) or _token_url_of_mode(places),
        "client_id": find(CLIENT_ID, places),
        "client_secret": find(CLIENT_SECRET, places),
    }
    token_url, client_id, secret = found.values()
    if token_url is None or client_id is None or (secret is None and secret_needed):
        wanted = (TOKEN_URL, CLIENT_ID, *((CLIENT_SECRET,) if secret_needed else ()))
        raise _missing([one for one in wanted if not found[one.word]], places)
    if problem := fault_of_url(token_url.value):
        raise ConfigurationError(f"{token_url.origin} {problem}.", hint="It looks like https://host/oauth/token.")
    found["audience"] = (
        FoundSetting(audience, SettingOrigin("audience", "the call")) if audience else audience_for(scope, places)
    )
    others = {"token_scope": TOKEN_SCOPE, "authorities": AUTHORITIES}
    others |= {"certificate": CERTIFICATE, "certificate_key": CERTIFICATE_KEY}
    found |= {name: find(one, places) for name, one in others.items()}
    origins = {name: one.origin for name, one in found.items() if one}
    texts = {name: one.value if one else None for name, one in found.items() if name in {"audience", *others}}
    changed_at = max((place.changed_at for place in places), default=0.0)
    hidden = SecretText(secret.value if secret else "")
    return ClientSettings(token_url.value, client_id.value, hidden, origins=origins, changed_at=changed_at, **texts)


def place_of(settings: ClientSettings) -> SettingsPlace:
    """Return settings that are known already as a place to look in."""
    named = {
        TOKEN_URL.word: settings.token_url,
        CLIENT_ID.word: settings.client_id,
        CLIENT_SECRET.word: settings.client_secret.reveal(),
        ZEEBE_AUDIENCE.word: settings.audience,
        TOKEN_SCOPE.word: settings.token_scope,
        AUTHORITIES.names[0]: settings.authorities,
        CERTIFICATE.names[0]: settings.certificate,
        CERTIFICATE_KEY.names[0]: settings.certificate_key,
    }
    values = {name: value for name, value in named.items() if value}
    return SettingsPlace("the settings", values, in_words=True, changed_at=settings.changed_at)


def audience_for(scope: Scope, places: Sequence[SettingsPlace]) -> FoundSetting | None:
    """
    Return the audience of a scope: the one named for it, or the Zeebe audience with its first word exchanged.

    Without any, Zeebe's is the host of the gRPC address where that has the form of Camunda SaaS, as Camunda's Go
    client asks for, or else unknown (None); the other scopes have the audiences that Camunda's clients have built in.
    """
    zeebe = find(ZEEBE_AUDIENCE, places) or _audience_of_address(places) or _audience_of_mode(places)
    if scope is Scope.ZEEBE:
        return zeebe
    named = find(Wanted(f"{scope} audience", (f"CAMUNDA_{scope.name}_OAUTH_AUDIENCE",)), places)
    if named:
        return named
    if zeebe and (own := ZEEBE_WORD.search(zeebe.value)):
        return FoundSetting(f"{scope.audience_word}.{own[1]}", zeebe.origin)
    return FoundSetting(
        f"{scope.audience_word}.{DEFAULT_DOMAIN}", SettingOrigin("the built-in audience", "Camunda's clients")
    )


def granted_scopes(places: Sequence[SettingsPlace]) -> frozenset[Scope] | None:
    """Return the scopes that the file says the client has, unknown words left out; None where it says nothing."""
    found = find(SCOPES, places)
    if found is None:
        return None
    words = {word.strip().lower() for word in found.value.split(",")}
    return frozenset(scope for scope in Scope if scope.value.lower() in words)


def fault_of_url(url: str) -> str | None:
    """Say what is wrong with a URL that requests shall go to, as the end of a sentence; None where nothing is."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is no URL"
    if parts.scheme not in ("http", "https"):
        return "does not begin with http:// or https://"
    if not parts.hostname or port == 0:
        return "names no host that can be reached"
    if parts.username is not None:
        return "carries a user name, which would end up in logs"
    if not url.isascii() or not url.isprintable() or " " in url:
        return "has characters that a URL cannot have"
    return None


def _audience_of_address(places: Sequence[SettingsPlace]) -> FoundSetting | None:
    address = find(ZEEBE_ADDRESS, places)
    host = address.value.partition(":")[0] if address else ""
    return FoundSetting(host, address.origin) if address and ".zeebe." in host else None


def _saas_domain(places: Sequence[SettingsPlace]) -> FoundSetting | None:
    """Return the domain that Spring's `saas` mode builds all its addresses from; None in any other mode."""
    mode = find(MODE, places)
    if mode is None or mode.value.lower() != "saas":
        return None
    return find(DOMAIN, places) or FoundSetting(DEFAULT_DOMAIN, mode.origin)


def _token_url_of_mode(places: Sequence[SettingsPlace]) -> FoundSetting | None:
    domain = _saas_domain(places)
    return FoundSetting(f"https://login.cloud.{domain.value}/oauth/token", domain.origin) if domain else None


def _audience_of_mode(places: Sequence[SettingsPlace]) -> FoundSetting | None:
    domain = _saas_domain(places)
    return FoundSetting(f"zeebe.{domain.value}", domain.origin) if domain else None


def _missing(wanted: Sequence[Wanted], places: Sequence[SettingsPlace]) -> ConfigurationError:
    where = " or ".join(place.title for place in places) or "any place"
    lines = "; ".join(f"the {one.title} ({' or '.join(one.names)})" for one in wanted)
    return ConfigurationError(
        f"Not found in {where}: {lines}.",
        hint="Download the client's credentials file and name it with --env-file, or source it.",
    )
