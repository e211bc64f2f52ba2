"""Reads a credentials file, and notices who else can."""

import os
import stat
from dataclasses import dataclass

from gatekey.client.config.forms import parse_any
from gatekey.client.config.settings import SettingsPlace
from gatekey.errors import ConfigurationError

SIZE_LIMIT = 1024 * 1024
"""Bytes; a credentials file has about 2 KiB, whatever is larger is something else."""

READABLE_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class CredentialsFile:
    """What stands in the file, and whether others on this machine may read or change it."""

    place: SettingsPlace
    open_to_others: bool


def read_credentials(path: str) -> CredentialsFile:
    """
    Read and parse the file at `path`: environment or dotenv lines, JSON, or Spring Boot's properties.

    Raises `ConfigurationError` for a file that is missing, unreadable, too large, no UTF-8 text, or not of its form.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - Path("") would silently mean the current directory
            status = os.fstat(file.fileno())
            content = file.read(SIZE_LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no file name"
        raise ConfigurationError(f"{path} cannot be read: {reason}.", hint="Check the file's name and mode.") from error
    if len(content) > SIZE_LIMIT:
        raise ConfigurationError(f"{path} is too large for a credentials file.", hint="Check the file's name.")
    try:
        text = content.decode("utf-8-sig")  # editors on Windows put a byte order mark in front
    except UnicodeDecodeError:
        # The decoder's own exception carries the file's bytes, and the secret with them.
        raise ConfigurationError(f"{path} is no UTF-8 text.", hint="Download the file again.") from None
    # Pipes such as `<(…)` belong to the process that made them: their mode says nothing about the file behind.
    values, in_words = parse_any(text)
    regular = stat.S_ISREG(status.st_mode)
    place = SettingsPlace(path, values, in_words, status.st_mtime if regular else 0.0)
    return CredentialsFile(place, regular and bool(status.st_mode & READABLE_BY_OTHERS))
