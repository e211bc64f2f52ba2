"""
The folder with the certificate that is served now.

    tls/ca.pem, tls/ca.key                        the local authority; the key never leaves this file
    tls/bundle.pem                                its certificate and the machine's authorities
    tls/served/<number>/certificate.pem, key.pem  certificate and key, written together
    tls/served/current                            a link to the pair in use, swapped by a rename: no half pair is read
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gatekey.errors import ServiceError
from gatekey.server.certificates.authority import Pair, belong_together, is_good, issue, make_authority

AUTHORITY, AUTHORITY_KEY, BUNDLE = "ca.pem", "ca.key", "bundle.pem"
CERTIFICATE, KEY = "certificate.pem", "key.pem"
CURRENT = "current"

PUBLIC = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, Red Hat
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # macOS, Alpine
)
"""Where systems keep the authorities that they trust; Go looks in the same places."""

KEPT = 3
"""Pairs that are left in the folder: a reader may be about to open the one before."""


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """The operator's certificate (with its chain) and key."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class TlsFolder:
    """
    Keeps `files` good: from the operator's `own` files, or without them from the local authority.

    One process keeps, any number read.
    """

    path: Path
    own: OwnFiles | None = None

    @classmethod
    def of(cls, path: Path, certificate: Path | None, key: Path | None) -> "TlsFolder":
        """Return the folder that serves the operator's files, or without them a certificate of its own authority."""
        return cls(path, OwnFiles(certificate, key) if certificate and key else None)

    @property
    def files(self) -> tuple[str, str]:
        """The files of the certificate and of its key that are served now."""
        current = self.path / "served" / CURRENT
        return str(current / CERTIFICATE), str(current / KEY)

    @property
    def authority(self) -> Path | None:
        """The file of the authority that clients have to trust; None when the operator's certificate is served."""
        return None if self.own else self.path / AUTHORITY

    @property
    def version(self) -> str:
        """A text that changes whenever another pair is served."""
        return str((self.path / "served" / CURRENT).readlink())

    def keep(self, names: Sequence[str], owner: str, now: datetime) -> bool:
        """
        See to it that a good certificate is served; return whether it is a new one. `names` matter for our own only.

        Raises `ServiceError` when that cannot be done; what was served before is then served on.
        """
        try:
            self.path.mkdir(mode=0o700, exist_ok=True)
            (self.path / "served").mkdir(mode=0o700, exist_ok=True)
            served = self._read_served()
            pair = self._read_own(self.own) if self.own else self._renewed(served, names, owner, now)
            self._bundle()
            if pair == served:
                return False
            self._serve(pair)
        except (OSError, ValueError, TypeError) as error:
            raise ServiceError(f"The certificates in {self.path} cannot be kept: {error}.") from error
        return True

    def _renewed(self, served: Pair | None, names: Sequence[str], owner: str, now: datetime) -> Pair:
        authority = self._read_authority(owner, now)
        if served is not None and is_good(served.certificate, authority.certificate, names, now):
            return served
        return issue(authority, names, now)

    def _bundle(self) -> None:
        """Write our authority together with the machine's, for programs that can only replace what they trust."""
        if self.own:
            return
        found = next((Path(name) for name in PUBLIC if Path(name).exists()), None)
        public = found.read_bytes() if found else b""
        whole = (self.path / AUTHORITY).read_bytes() + b"\n" + public
        bundle = self.path / BUNDLE
        if not bundle.exists() or bundle.read_bytes() != whole:
            _write(bundle, whole, 0o644)

    def _read_authority(self, owner: str, now: datetime) -> Pair:
        certificate, key = self.path / AUTHORITY, self.path / AUTHORITY_KEY
        if not (certificate.exists() and key.exists()):
            made = make_authority(owner, now)
            # The key first: a certificate is taken for the sign that both are there.
            _write(key, made.key, 0o600)
            _write(certificate, made.certificate, 0o644)
        return Pair(certificate.read_bytes(), key.read_bytes())

    def _read_own(self, own: OwnFiles) -> Pair:
        try:
            pair = Pair(own.certificate.read_bytes(), own.key.read_bytes())
            together = belong_together(pair)
        except OSError as error:
            raise ServiceError(f"{error.filename} cannot be read: {error.strerror}.") from error
        except (ValueError, TypeError) as error:
            raise ServiceError(
                f"{own.certificate} and {own.key} are no PEM certificate and key.",
                hint="The key must not be encrypted.",
            ) from error
        if not together:
            raise ServiceError(f"The key in {own.key} is not the key of the certificate in {own.certificate}.")
        return pair

    def _read_served(self) -> Pair | None:
        try:
            return Pair(*(Path(file).read_bytes() for file in self.files))
        except FileNotFoundError:
            return None

    def _serve(self, pair: Pair) -> None:
        served = self.path / "served"
        numbers = sorted(int(entry.name) for entry in served.iterdir() if entry.name.isdecimal())
        place = served / str(numbers[-1] + 1 if numbers else 1)
        place.mkdir(mode=0o700)
        _write(place / KEY, pair.key, 0o600)
        _write(place / CERTIFICATE, pair.certificate, 0o600)
        link = served / f".{CURRENT}.new"
        link.unlink(missing_ok=True)
        link.symlink_to(place.name)
        link.replace(served / CURRENT)
        for number in numbers[: -KEPT + 1]:
            shutil.rmtree(served / str(number), ignore_errors=True)


def _write(path: Path, content: bytes, mode: int) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
