"""`gatekey gateway`: gateways on other machines."""

import ipaddress
import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from gatekey.cli.opening import Refusal, data_options, opened

if TYPE_CHECKING:
    from gatekey.server.gateway.envoy.remote import ServicePlace
    from gatekey.server.gateway.policy.model import Address
    from gatekey.server.run.installation import Installation

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@click.group()
def gateway() -> None:
    """Set up gateways on other machines."""


@gateway.command("bootstrap")
@click.option("--service", metavar="URL", help="Where the gateway reaches the service.  [default: its public URL]")
@click.option("--listen", default="0.0.0.0:26600", show_default=True, help="IP address and port for callers.")
@click.option("--name", default="gateway", show_default=True, help="What the service's log calls the gateway.")
@click.option("--certificate", help="File of its certificate chain (PEM), on the gateway's machine: TLS for callers.")
@click.option("--key", help="File of the certificate's key (PEM), on the gateway's machine.")
@click.option("--authorities", help="File of the authorities that the service's certificate is checked against, there.")
@click.option("--administration", metavar="SOCKET", help="Path of a socket where Envoy answers about itself, there.")
@click.option("--plain", is_flag=True, help="Allow a service without TLS on another machine.")
@click.option("--output", type=click.Path(path_type=Path), help="Write to a file that only you can read (0600).")
@data_options
def bootstrap(  # noqa: PLR0913 - one parameter an option
    config: Path | None,
    data: Path | None,
    *,
    service: str | None,
    listen: str,
    name: str,
    certificate: str | None,
    key: str | None,
    authorities: str | None,
    administration: str | None,
    plain: bool,
    output: Path | None,
) -> None:
    """
    Print the configuration with which an Envoy on another machine becomes a gateway of this installation.

    It holds the gateway key, so it is a secret. Run there: envoy --config-path FILE
    """
    if (certificate is None) != (key is None):
        raise Refusal("--certificate and --key belong together.")
    with opened(config, data) as installation:
        from gatekey.server.gateway.envoy.listener import Front
        from gatekey.server.gateway.envoy.remote import compile_remote_bootstrap
        from gatekey.server.gateway.policy.model import AccessLog

        settings = installation.settings
        place = _place(installation, service or installation.site.public_url, authorities, plain=plain)
        with_tls, log = certificate is not None, AccessLog(settings.access_log)
        front = Front(
            (_numeric(listen),), settings.stream_life, with_tls, log, settings.cors_origins, bool(settings.domain)
        )
        files = (certificate, key) if certificate and key else None
        document = compile_remote_bootstrap(name, front, place, files, administration)
    _hand_over(json.dumps(document, indent=1) + "\n", output)


def _place(installation: "Installation", url: str, authorities: str | None, *, plain: bool) -> "ServicePlace":
    from gatekey.server.gateway.envoy.remote import ServicePlace
    from gatekey.server.gateway.policy.model import AUTHORITIES, read_address

    parts = urlsplit(url)
    try:
        address = read_address(url.rstrip("/"))
    except ValueError:
        address = None
    if address is None or parts.scheme not in {"http", "https"} or address.path:
        raise Refusal(
            f"{url!r} is no URL of the service.", hint="Envoy asks at http://host:port or https://host:port, no path."
        )
    if not address.tls and address.host not in LOOPBACK and not plain:
        raise Refusal(
            f"The gateway key would travel to {url} without TLS.",
            hint="Serve with TLS (see docs/how-to/use-tls.md), or allow it in a network you trust with --plain.",
        )
    own = installation.site.authority
    if authorities is None and own is not None:
        # Its text, so that there is one file less to carry.
        authorities = Path(own).read_text(encoding="ascii")
    return ServicePlace(address, installation.gateway_key, authorities or AUTHORITIES)


def _numeric(listen: str) -> "Address":
    from gatekey.server.gateway.policy.model import read_address

    try:
        address = read_address(listen)
        ipaddress.ip_address(address.host)
    except ValueError:
        raise Refusal(
            f"{listen!r} is no address to listen on.", hint="Write an IP address and a port, such as 0.0.0.0:26600."
        ) from None
    return address


def _hand_over(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text, nl=False)
        return
    from gatekey.client.cache.files import write

    try:
        write(output, text.encode())
    except OSError as error:
        raise Refusal(f"{output} cannot be written: {error.strerror}.") from error
    click.echo(f"The gateway's configuration is in {output}. It holds the gateway key: keep it secret.")
