"""The credentials file: all that a program needs to connect, in the names that Camunda's clients read."""

import re
import shlex
from collections.abc import Iterable
from enum import StrEnum
from typing import TypeAlias

from gatekey.errors import ConfigurationError
from gatekey.oauth.addresses import ClusterAddresses
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.vocabulary import Scope, in_order

Entry: TypeAlias = tuple[str, SecretText | str]

PLAIN = re.compile(r"[A-Za-z0-9._~:/,@+=\[\]-]*")
"""Values with only these characters mean the same to a shell, to dotenv readers and to `docker --env-file`."""

AUTHORITY_NAMES = (
    "ZEEBE_CA_CERTIFICATE_PATH",  # Java, Go and zbctl: gRPC
    "CAMUNDA_CA_CERTIFICATE_PATH",  # Java from 8.8 on: gRPC
    "NODE_EXTRA_CA_CERTS",  # every Node.js client; it adds to what is trusted
)
"""
Where clients read which certificate authority to trust.

Not CAMUNDA_MTLS_CA_PATH, nor CAMUNDA_CUSTOM_ROOT_CERT_PATH, which @camunda8/sdk makes it of: without a certificate and
key beside it @camunda8/orchestration-cluster-api 8.8.4 does not start.
"""

BUNDLE_NAMES = (
    "SSL_CERT_FILE",  # Go and zbctl, camunda-orchestration-sdk: the token URL
    "REQUESTS_CA_BUNDLE",  # pyzeebe, c8-client, camunda-mcp: the token URL
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",  # pyzeebe: gRPC
)
"""These replace what a program trusts: they get a bundle that has the machine's own authorities too."""

UNENCRYPTED = (
    ("ZEEBE_INSECURE_CONNECTION", "true"),  # Java to 8.7, Go, zbctl
    ("ZEEBE_SECURE_CONNECTION", "false"),  # zeebe-node, nestjs-zeebe
    ("OAUTHLIB_INSECURE_TRANSPORT", "1"),  # pyzeebe: a token URL that begins with http://
)
"""Without these, clients speak TLS to a gateway that speaks none."""


class FileFormat(StrEnum):
    """How the file is written."""

    ENV = "env"
    """`export NAME='value'` lines, to be sourced by a shell; the form of Camunda's console."""
    DOTENV = "dotenv"
    """`NAME=value` lines, for dotenv libraries and `docker run --env-file`."""
    POWERSHELL = "powershell"
    """`$env:NAME = 'value'` lines, to be run by PowerShell."""


LINES = {FileFormat.ENV: "export {}='{}'", FileFormat.DOTENV: "{}={}", FileFormat.POWERSHELL: "$env:{} = '{}'"}


ENDINGS = {FileFormat.ENV: "txt", FileFormat.DOTENV: "env", FileFormat.POWERSHELL: "ps1"}


def file_name(client_name: str, form: FileFormat = FileFormat.ENV) -> str:
    """Return the name of the download, as Camunda's console has it; each format has an ending of its own."""
    return f"CamundaCloudMgmtAPI-Client-{client_name}.{ENDINGS[form]}"


def credentials(
    addresses: ClusterAddresses, client_id: str, secret: SecretText, scopes: frozenset[Scope]
) -> tuple[Entry, ...]:
    """
    Return the file's names and values in Camunda's order; a component's base URL stands only for a granted scope.

    Spring's `saas` mode builds host names from the region and domain, so it is named only where such hosts exist.
    """
    zeebe_audience = addresses.audience(Scope.ZEEBE)
    bases: list[Entry] = [
        (f"CAMUNDA_{scope.name}_BASE_URL", url)
        for scope, url in (
            (Scope.TASKLIST, addresses.tasklist),
            (Scope.OPTIMIZE, addresses.optimize),
            (Scope.OPERATE, addresses.operate),
        )
        if scope in scopes
    ]
    mode = (
        (("CAMUNDA_CLIENT_MODE", "saas"), ("CAMUNDA_CLIENT_CLOUD_DOMAIN", addresses.domain)) if addresses.domain else ()
    )
    return (
        ("ZEEBE_ADDRESS", addresses.zeebe),
        ("ZEEBE_CLIENT_ID", client_id),
        ("ZEEBE_CLIENT_SECRET", secret),
        ("ZEEBE_AUTHORIZATION_SERVER_URL", addresses.token_url),
        ("ZEEBE_REST_ADDRESS", addresses.rest),
        ("ZEEBE_GRPC_ADDRESS", addresses.grpc),
        ("ZEEBE_TOKEN_AUDIENCE", zeebe_audience),
        ("CAMUNDA_TOKEN_AUDIENCE", zeebe_audience),
        ("CAMUNDA_CLUSTER_ID", addresses.cluster_id),
        ("CAMUNDA_CLIENT_ID", client_id),
        ("CAMUNDA_CLIENT_SECRET", secret),
        ("CAMUNDA_CLUSTER_REGION", addresses.region),
        ("CAMUNDA_CREDENTIALS_SCOPES", ",".join(in_order(scopes))),
        *bases,
        ("CAMUNDA_OAUTH_URL", addresses.token_url),
        *mode,
        ("CAMUNDA_CLIENT_AUTH_CLIENTID", client_id),
        ("CAMUNDA_CLIENT_AUTH_CLIENTSECRET", secret),
        ("CAMUNDA_CLIENT_CLOUD_CLUSTERID", addresses.cluster_id),
        ("CAMUNDA_CLIENT_CLOUD_REGION", addresses.region),
        ("CAMUNDA_REST_ADDRESS", addresses.rest),
        ("CAMUNDA_BASE_URL", addresses.rest),
        *_transport(addresses),
    )


def _transport(addresses: ClusterAddresses) -> Iterable[Entry]:
    """Yield what makes clients speak TLS to an authority of our own, or none where the gateway speaks none."""
    if not addresses.grpc.startswith("grpcs:"):
        yield from UNENCRYPTED
    for names, file in ((AUTHORITY_NAMES, addresses.authority), (BUNDLE_NAMES, addresses.bundle)):
        if file is not None and PLAIN.fullmatch(file):
            yield from ((name, file) for name in names)


def render(entries: Iterable[Entry], form: FileFormat) -> str:
    """Return the file's text. Raises ValueError for a value that no shell could read back safely."""
    lines = []
    for name, value in entries:
        text = value.reveal() if isinstance(value, SecretText) else value
        if not PLAIN.fullmatch(text):
            raise ValueError(f"the value of {name} has characters that an environment file cannot carry safely")
        lines.append(LINES[form].format(name, text))
    return "\n".join(lines) + "\n"


SPELLINGS = (
    re.compile(r"\s*\$env:(?P<name>\w+)\s*=\s*(?P<value>.*)", re.IGNORECASE),  # PowerShell
    re.compile(r"\s*set(?:env)?\s+(?:-\w+\s+)*(?P<name>\w+)\s+(?P<value>[^=\s].*)"),  # fish, csh
    re.compile(r"\s*set\s+(?P<quote>\"?)(?P<name>\w+)=(?P<literal>.*?)(?P=quote)\s*", re.IGNORECASE),  # cmd.exe
    re.compile(r"\s*(?:export\s+)?(?P<name>\w+)\s*=\s*(?P<value>.*)"),  # shells, dotenv, and blanks around the sign
)
SILENT = re.compile(r"\s*(?:#.*|rem(?:\s.*)?|::.*|@echo off|export\s*(?:#.*)?)?", re.IGNORECASE)
"""Lines that set nothing: comments of shells and of cmd.exe."""


def parse(text: str) -> dict[str, str]:
    """
    Return the names and values of a file of settings as shells, dotenv, PowerShell, cmd.exe, fish or csh have them.

    Raises `ConfigurationError` with the line number, never with the line: it may hold the secret.
    """
    values: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if SILENT.fullmatch(line):
            continue
        setting = _setting(line)
        if setting is None:
            raise ConfigurationError(
                f"Line {number} of the credentials file is no NAME=value line.",
                hint="Download the file again; of a Kubernetes Secret use `kubectl get secret NAME -o json`.",
            )
        values[setting[0]] = setting[1]
    return values


def _setting(line: str) -> tuple[str, str] | None:
    for spelling in SPELLINGS:
        found = spelling.fullmatch(line)
        if found is None or not found["name"].isidentifier():
            continue
        if "literal" in spelling.groupindex:
            return found["name"], found["literal"]
        try:
            words = shlex.split(found["value"].rstrip(";"), comments=True)
        except ValueError:
            return None
        return (found["name"], "".join(words)) if len(words) <= 1 else None
    return None
