"""
How the gateway meets upstreams over TLS: options of `gatekey clusters create` and `update`, and a look at their
files.
"""

import ssl
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, cast

import click

from gatekey.cli.groups import Function
from gatekey.cli.opening import Refusal

if TYPE_CHECKING:
    from gatekey.server.clusters.model import UpstreamTls

OPTIONS = {
    "authorities": "File of the authorities (PEM) that upstreams with TLS are checked against; empty: the system's.",
    "server_name": "Name that upstreams with TLS have in their certificate; empty: the host in their address.",
    "certificate": "File of the client certificate (PEM) that the gateway shows to upstreams; empty: none.",
    "key": "File of the client certificate's key (PEM, not encrypted).",
}
PREFIX = "upstream_"


class TlsOptions(TypedDict):
    """What the options say; None where nothing was said."""

    upstream_authorities: str | None
    upstream_server_name: str | None
    upstream_certificate: str | None
    upstream_key: str | None


def upstream_tls_options(command: Function) -> Function:
    """Add the options; the command gets them by names that begin with `upstream_`."""
    for name, text in reversed(OPTIONS.items()):
        command = click.option(f"--{PREFIX}{name}".replace("_", "-"), help=text)(command)
    return command


def changed_tls(known: "UpstreamTls", options: TlsOptions) -> "UpstreamTls":
    """
    Return `known` with what the options say; an empty text takes something
    away, and a certificate its key with it.
    """
    values = cast("Mapping[str, str | None]", options)
    given = {name: value for name in OPTIONS if (value := values[PREFIX + name]) is not None}
    if given.get("certificate") == "":
        given.setdefault("key", "")
    files = {"authorities", "certificate", "key"}
    return replace(
        known, **{name: _absolute(value) if name in files else value or None for name, value in given.items()}
    )


def checked(tls: "UpstreamTls") -> "UpstreamTls":
    """Return `tls`. Raises `Refusal` where a file is missing, is not what it should be, or does not fit the other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if tls.authorities is not None:
        _look_at(tls.authorities)
        try:
            context.load_verify_locations(tls.authorities)
        except ssl.SSLError:
            raise Refusal(f"{tls.authorities} holds no certificate (PEM).") from None
    if tls.certificate is not None and tls.key is not None:
        _look_at(tls.certificate)
        _look_at(tls.key)
        try:
            # An encrypted key would have OpenSSL ask at the terminal; the gateway has none.
            context.load_cert_chain(tls.certificate, tls.key, password=_nobody_knows)
        except (ssl.SSLError, ValueError):
            raise Refusal(
                f"{tls.certificate} and {tls.key} are no certificate and its key (PEM, not encrypted)."
            ) from None
    return tls


def _nobody_knows() -> str:
    raise ValueError("the key is encrypted")


def _absolute(path: str) -> str | None:
    # The gateway runs in another folder than this command.
    return str(Path(path).expanduser().absolute()) if path else None


def _look_at(path: str) -> None:
    try:
        with Path(path).open("rb"):
            pass
    except OSError as error:
        raise Refusal(f"{path} cannot be read: {error.strerror}.") from None
