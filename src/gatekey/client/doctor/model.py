"""What an examination yields: findings for people, and probes whose replies it needs."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias, TypeVar

from gatekey.client.acquire import Send
from gatekey.client.failures import TransportErrorKind
from gatekey.client.http import HttpResponse
from gatekey.oauth.secret_text import SecretText

T = TypeVar("T")


class Check(StrEnum):
    """One thing that is looked at, in the order of the report."""

    FILE = "file"
    PERMISSIONS = "permissions"
    NAMES = "names"
    CLIENT_ID = "client-id"
    CLIENT_SECRET = "client-secret"  # noqa: S105 - the name of a check
    CERTIFICATES = "certificates"
    TOKEN_URL = "token-url"  # noqa: S105 - the name of a check
    TOKEN_DNS = "token-dns"  # noqa: S105 - the name of a check
    TOKEN_TCP = "token-tcp"  # noqa: S105 - the name of a check
    TOKEN_TLS = "token-tls"  # noqa: S105 - the name of a check
    TOKEN_HTTP = "token-http"  # noqa: S105 - the name of a check
    CLOCK = "clock"
    TOKEN = "token"  # noqa: S105 - the name of a check
    CLAIMS = "claims"
    REST_GUARD = "rest-guard"
    REST = "rest"
    GRPC = "grpc"
    TASKLIST = "tasklist"
    OPERATE = "operate"
    OPTIMIZE = "optimize"
    SECRETS = "secrets"


class CheckOutcome(StrEnum):
    """How a check ended; only `WRONG` makes the whole examination fail."""

    FINE = "fine"
    WARNING = "warning"
    WRONG = "wrong"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check: what was found, and the cure where there is something to cure. Never holds a secret."""

    check: Check
    outcome: CheckOutcome
    found: str
    cure: str = ""


def fine(check: Check, found: str) -> CheckResult:
    """Return the finding of a check that ended well."""
    return CheckResult(check, CheckOutcome.FINE, found)


def doubtful(check: Check, found: str, cure: str) -> CheckResult:
    """Return a finding that works today but should not stay."""
    return CheckResult(check, CheckOutcome.WARNING, found, cure)


def wrong(check: Check, found: str, cure: str) -> CheckResult:
    """Return a finding that keeps clients from working."""
    return CheckResult(check, CheckOutcome.WRONG, found, cure)


def skipped(check: Check, why: str) -> CheckResult:
    """Return the finding of a check that could not be made or has no meaning here."""
    return CheckResult(check, CheckOutcome.SKIPPED, why)


@dataclass(frozen=True, slots=True)
class Resolve:
    """Ask for the addresses of a host name."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Connect:
    """Open a TCP connection and close it."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Secure:
    """Make a TLS handshake, offering `protocol` by ALPN (RFC 7301), and close."""

    host: str
    port: int
    protocol: str


@dataclass(frozen=True, slots=True)
class CallGrpc:
    """Call Zeebe's `Topology` with a token."""

    host: str
    port: int
    secure: bool
    token: SecretText


@dataclass(frozen=True, slots=True)
class ReadAuthorities:
    """Read the certificates that TLS is to be spoken with."""


@dataclass(frozen=True, slots=True)
class AskProxy:
    """Ask which proxy the environment prescribes for a URL."""

    url: str


@dataclass(frozen=True, slots=True)
class AskTime:
    """Ask for the time of this machine in Unix seconds."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A probe succeeded; `detail` says what was seen."""

    detail: str


@dataclass(frozen=True, slots=True)
class NotReached:
    """A probe met an kind; `detail` is the system's own word for it."""

    kind: TransportErrorKind
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind} ({self.detail})" if self.detail else str(self.kind)


@dataclass(frozen=True, slots=True)
class GrpcStatus:
    """How a call ended: the name of its status, and the server's words."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class GrpcMissing:
    """No call can be made: grpcio is not installed."""


@dataclass(frozen=True, slots=True)
class ProxyFound:
    """The proxy for a URL, as it may be printed; None for a direct connection."""

    proxy: str | None


@dataclass(frozen=True, slots=True)
class TimeTold:
    """The time of this machine in Unix seconds."""

    now: float


Probe: TypeAlias = ReadAuthorities | Resolve | Connect | Secure | Send | CallGrpc | AskProxy | AskTime
Reply: TypeAlias = Reached | NotReached | HttpResponse | GrpcStatus | GrpcMissing | ProxyFound | TimeTold
Examination: TypeAlias = Generator[Probe | CheckResult, Reply | None, T]
"""Findings are answered with None, probes with the reply that belongs to them."""


SHORTEST_HIDDEN = 4
"""Characters; replacing shorter texts would garble the words around them and protect nothing."""


def printable(finding: CheckResult, hidden: Iterable[str]) -> CheckResult:
    """Return the finding without control characters and without texts that must never be shown."""

    def clean(text: str) -> str:
        for secret in hidden:
            if len(secret) >= SHORTEST_HIDDEN:
                text = text.replace(secret, "…")
        return "".join(character if character.isprintable() else "?" for character in text)

    return replace(finding, found=clean(finding.found), cure=clean(finding.cure))
