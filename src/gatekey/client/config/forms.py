"""
The forms of credentials beside environment files: JSON, and the properties of Spring Boot.

Pure. Both end as the names that Camunda's clients read from an environment, by the rules that Spring has for that.
"""

import base64
import json
import re
from collections.abc import Mapping

from gatekey.errors import ConfigurationError
from gatekey.oauth.credentials_file import parse

DOTTED = re.compile(r"\s*[A-Za-z][\w-]*(?:\.[\w-]+)+\s*[=:]")
"""A property has dots in its name, which no environment variable can have."""

PROPERTY = re.compile(r"\s*([\w.-]+)\s*[=:]\s*(.*?)\s*")

ESCAPED = re.compile(r"\\(.)")
"""Java's own writer of properties puts a backslash before the colons of a URL."""

PLACEHOLDER = re.compile(r"\$\{[^}]*\}")

JSON_HINT = 'It looks like {"token_url": …, "client_id": …, "client_secret": …, "audience": …}.'


def parse_any(text: str) -> tuple[dict[str, str], bool]:
    """
    Return the names and values of a credentials file in any of the forms, and whether plain words are among the names.

    Raises `ConfigurationError` with the line number, never with the line: it may hold the secret.
    """
    if text.lstrip().startswith("{"):
        return parse_json(text), True
    lines = (line for line in text.splitlines() if line.strip() and line.lstrip()[0] not in "#!")
    if DOTTED.match(next(lines, "")):
        return parse_properties(text), False
    return parse(text), False


def parse_json(text: str) -> dict[str, str]:
    """
    Return the names and values of a JSON object; `clientId` and `client_id` are the same, nested names are joined.

    Numbers and truth values are left out: nothing that a client needs is one.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        # The decoder's own exception carries the text, and the secret with it.
        raise ConfigurationError("The credentials file is no valid JSON.", hint=JSON_HINT) from None
    if isinstance(value, dict) and value.get("kind") == "Secret":
        return _of_kubernetes(value)
    return dict(_flattened(value, ""))


def _of_kubernetes(manifest: Mapping[str, object]) -> dict[str, str]:
    """Return what a Kubernetes Secret holds, encoded (`data`) or as text (`stringData`)."""
    encoded, texts = manifest.get("data"), manifest.get("stringData")
    try:
        values = {
            name: base64.b64decode(value, validate=True).decode()
            for name, value in (encoded if isinstance(encoded, dict) else {}).items()
        }
    except (ValueError, TypeError):
        raise ConfigurationError("The Kubernetes Secret holds what is no base64 of text.") from None
    return values | {name: str(value) for name, value in (texts if isinstance(texts, dict) else {}).items()}


def _flattened(value: object, prefix: str) -> list[tuple[str, str]]:
    if isinstance(value, str):
        return [(prefix, value)]
    if not isinstance(value, dict):
        return []
    pairs = []
    for name, inner in value.items():
        own = name if name.isupper() else re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower().replace("-", "_")
        pairs += _flattened(inner, f"{prefix}_{own}" if prefix else own)
    return pairs


def parse_properties(text: str) -> dict[str, str]:
    """
    Return Spring Boot's properties under the names they would have as environment variables.

    `camunda.client.auth.client-id` is CAMUNDA_CLIENT_AUTH_CLIENTID: dots become underscores, dashes are dropped. What
    Spring would fill in itself (`${NAME}`) is left out: only Spring knows it.
    """
    values = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip()[0] in "#!":
            continue
        found = PROPERTY.fullmatch(line)
        if not found:
            raise ConfigurationError(
                f"Line {number} of the credentials file is no name=value line.", hint="Copy the properties again."
            )
        if not PLACEHOLDER.search(found[2]):
            values[found[1].replace(".", "_").replace("-", "").upper()] = ESCAPED.sub(r"\1", found[2])
    return values
