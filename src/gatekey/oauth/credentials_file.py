"""The credentials file: all that a program needs to connect, in the names that Camunda's clients read."""

import re
import shlex
from collections.abc import Iterable
from enum import StrEnum

from gatekey.errors import ConfigurationError
from gatekey.oauth.addresses import ClusterAddresses
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.vocabulary import AUTHORITY_NAMES, Scope, in_order

PLAIN = re.compile(r"[A-Za-z0-9._~:/,@+=\[\]-]*")
"""Values with only these characters mean the same to a shell, to dotenv readers and to `docker --env-file`."""


class FileFormat(StrEnum):
    """How the file is written."""

    ENV = "env"
    """`export NAME='value'` lines, to be sourced by a shell; the form of Camunda's console."""
    DOTENV = "dotenv"
    """`NAME=value` lines, for dotenv libraries and `docker run --env-file`."""


def file_name(client_name: str) -> str:
    """Return the name under which Camunda's console offers the download."""
    return f"CamundaCloudMgmtAPI-Client-{client_name}.txt"


def credentials(
    addresses: ClusterAddresses, client_id: str, secret: SecretText, scopes: frozenset[Scope]
) -> tuple[tuple[str, SecretText | str], ...]:
    """
    Return the file's names and values in Camunda's order; a component's base URL stands only for a granted scope.

    Spring's `saas` mode builds host names from the region and domain, so it is named only where such hosts exist.
    """
    zeebe_audience = addresses.audience(Scope.ZEEBE)
    bases: list[tuple[str, SecretText | str]] = [
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
    authority = addresses.authority
    trusted = (
        [(name, authority) for name in AUTHORITY_NAMES] if authority is not None and PLAIN.fullmatch(authority) else []
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
        *trusted,
    )


def render(entries: Iterable[tuple[str, SecretText | str]], form: FileFormat) -> str:
    """Return the file's text. Raises ValueError for a value that no shell could read back safely."""
    lines = []
    for name, value in entries:
        text = value.reveal() if isinstance(value, SecretText) else value
        if not PLAIN.fullmatch(text):
            raise ValueError(f"the value of {name} has characters that an environment file cannot carry safely")
        lines.append(f"export {name}='{text}'" if form is FileFormat.ENV else f"{name}={text}")
    return "\n".join(lines) + "\n"


def parse(text: str) -> dict[str, str]:
    """
    Return the names and values of a file in either form; comments and blank lines are skipped.

    Raises `ConfigurationError` with the line number, never with the line: it may hold the secret.
    """
    values: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            words = ["?"]
        if words and words[0] == "export":
            words = words[1:]
        if not words:
            continue
        name, equals, value = words[0].partition("=")
        if len(words) != 1 or not equals or not name.isidentifier():
            raise ConfigurationError(
                f"Line {number} of the credentials file is no NAME=value line.", hint="Download the file again."
            )
        values[name] = value
    return values
