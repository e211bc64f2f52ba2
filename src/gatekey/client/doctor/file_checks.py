"""What can be said of a credentials file without asking anybody."""

import re
from collections.abc import Iterator

from gatekey.client.config.reading import CredentialsFile
from gatekey.client.config.settings import (
    CERTIFICATE_FILES,
    CLIENT_ID,
    CLIENT_SECRET,
    CLUSTER_ID,
    GRPC_ADDRESS,
    REST_ADDRESS,
    SCOPES,
    TOKEN_URL,
    ZEEBE_ADDRESS,
    ZEEBE_AUDIENCE,
    SettingsPlace,
    find,
)
from gatekey.client.doctor.model import Check, CheckResult, doubtful, fine, skipped, wrong
from gatekey.errors import ConfigurationError
from gatekey.oauth.identifiers import CLIENT_ID_LENGTH, SECRET_LENGTH, SECRET_PREFIX, read_secret

ESSENTIAL = (TOKEN_URL, CLIENT_ID, CLIENT_SECRET)
OTHERS = (ZEEBE_AUDIENCE, ZEEBE_ADDRESS, GRPC_ADDRESS, REST_ADDRESS, CLUSTER_ID, SCOPES, *CERTIFICATE_FILES)

READ_ALONE = (
    "CAMUNDA_OAUTH_URL",  # @camunda8/sdk sends no token at all without it
    "ZEEBE_AUTHORIZATION_SERVER_URL",  # zbctl and zeebe-node read no other name
    "ZEEBE_CLIENT_ID",  # the same
    "ZEEBE_CLIENT_SECRET",
    "ZEEBE_ADDRESS",
    "CAMUNDA_CLIENT_ID",  # Camunda's REST SDKs for JavaScript and Python read no other name
    "CAMUNDA_CLIENT_SECRET",
    "ZEEBE_REST_ADDRESS",  # @camunda8/sdk
    "ZEEBE_TOKEN_AUDIENCE",  # zbctl asks for the host of the address without it
    "CAMUNDA_CLUSTER_ID",  # camunda-8-credentials-from-env
    "CAMUNDA_CREDENTIALS_SCOPES",  # the same
)
"""Names that at least one of Camunda's clients accepts no other spelling for."""

PRINTABLE = re.compile(r"[\x21-\x7e]+")
BASE62 = re.compile(r"[0-9A-Za-z]+")


def unreadable(error: ConfigurationError) -> CheckResult:
    """Return the only finding for a file that could not be read."""
    return wrong(Check.FILE, error.message, error.hint)


def check_file(file: CredentialsFile) -> Iterator[CheckResult]:
    """Check that the file holds names at all, and that nobody but its owner can read it."""
    count = len(file.place.values)
    if count:
        yield fine(Check.FILE, f"{file.place.title} has {count} names")
    else:
        yield wrong(Check.FILE, f"{file.place.title} is empty", "Download the file again.")
    if file.open_to_others:
        yield doubtful(
            Check.PERMISSIONS,
            "others on this machine can read or change the file",
            f"chmod 600 {file.place.title}",
        )
    else:
        yield fine(Check.PERMISSIONS, "only its owner can read the file")


def check_names(place: SettingsPlace) -> CheckResult:
    """
    Check that nothing needed is missing, that two names for one thing agree, and that every client finds its own
    names.
    """
    try:
        missing = [wanted for wanted in ESSENTIAL if find(wanted, [place]) is None]
        for wanted in OTHERS:
            find(wanted, [place])
    except ConfigurationError as contradiction:
        return wrong(Check.NAMES, contradiction.message, contradiction.hint)
    if missing:
        names = "; ".join(f"{wanted.title} ({' or '.join(wanted.names)})" for wanted in missing)
        return wrong(Check.NAMES, f"missing: {names}", "Download the client's credentials file again.")
    unread = [name for name in READ_ALONE if not place.values.get(name, "").strip()]
    if unread:
        return doubtful(
            Check.NAMES,
            f"some clients look for {', '.join(unread)} and nothing else",
            "Add these names if your client is one of them; a newly downloaded file has them.",
        )
    return fine(Check.NAMES, "every client finds the names that it reads")


def check_client_id(place: SettingsPlace) -> CheckResult:
    """Check the shape of the client id; one that stands beside a Gatekey secret must be Gatekey's too."""
    found, secret = find(CLIENT_ID, [place]), find(CLIENT_SECRET, [place])
    if found is None:
        return skipped(Check.CLIENT_ID, "there is none")
    text = found.value
    if not PRINTABLE.fullmatch(text):
        return wrong(Check.CLIENT_ID, "it has characters that no client id has", "Copy the client id again.")
    ours = secret is not None and secret.value.startswith(SECRET_PREFIX)
    if ours and (len(text) != CLIENT_ID_LENGTH or not BASE62.fullmatch(text)):
        return wrong(
            Check.CLIENT_ID,
            f"it has {len(text)} characters; an id has {CLIENT_ID_LENGTH} letters and digits",
            "Copy the client id again.",
        )
    return fine(Check.CLIENT_ID, f"well-formed, {len(text)} characters")


def check_client_secret(place: SettingsPlace) -> CheckResult:
    """Check the shape of the client secret; a Gatekey secret carries a checksum that shows every typing mistake."""
    found = find(CLIENT_SECRET, [place])
    if found is None:
        return skipped(Check.CLIENT_SECRET, "there is none")
    text, again = found.value, "Copy the secret again; if it is lost, create a new client."
    if not PRINTABLE.fullmatch(text):
        return wrong(Check.CLIENT_SECRET, "it has characters that no client secret has", again)
    if not text.startswith(SECRET_PREFIX):
        return skipped(Check.CLIENT_SECRET, "not one of Gatekey's: only the token endpoint can judge it")
    if len(text) != SECRET_LENGTH:
        return wrong(Check.CLIENT_SECRET, f"it has {len(text)} characters instead of {SECRET_LENGTH}", again)
    if read_secret(text) is None:
        return wrong(Check.CLIENT_SECRET, "its checksum is wrong: a character was changed", again)
    return fine(Check.CLIENT_SECRET, "well-formed, its checksum is right")
