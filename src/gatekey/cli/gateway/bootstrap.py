"""`gatekey gateway bootstrap`: what makes an Envoy on another machine a gateway."""

import ipaddress
import json
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack
from urllib.parse import urlsplit

import click

from gatekey.cli.groups import Command
from gatekey.cli.opening import Invocation, Refusal, administers
from gatekey.cli.private_output import hand_over, output_option

if TYPE_CHECKING:
    from gatekey.server.gateway.envoy.remote import ServicePlace
    from gatekey.server.gateway.policy.model import Address
    from gatekey.server.run.installation import Installation

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class BootstrapOptions(TypedDict):
    """What the options say of the gateway; its files are on the gateway's machine."""

    service: str | None
    listen: str
    name: str
    certificate: str | None
    key: str | None
    authorities: str | None
    administration: str | None
    plain: bool
    output: Path | None


@click.command(
    cls=Command,
    examples=("gatekey gateway bootstrap --name gateway-1 --listen 0.0.0.0:26600 --output gateway-1.json",),
)
@click.option("--service", metavar="URL", help="Where the gateway reaches the service.  [default: its public URL]")
@click.option("--listen", default="0.0.0.0:26600", show_default=True, help="IP address and port for callers.")
@click.option("--name", default="gateway", show_default=True, help="What the service's log calls the gateway.")
@click.option("--certificate", help="File of its certificate chain (PEM), on the gateway's machine: TLS for callers.")
@click.option("--key", help="File of the certificate's key (PEM), on the gateway's machine.")
@click.option("--authorities", help="File of the authorities that the service's certificate is checked against, there.")
@click.option("--administration", metavar="SOCKET", help="Path of a socket where Envoy answers about itself, there.")
@click.option("--plain", is_flag=True, help="Allow a service without TLS on another machine.")
@output_option
@administers(prints_json=False)
def bootstrap(at: Invocation, **asked: Unpack[BootstrapOptions]) -> None:
    """
    Print the configuration with which an Envoy on another machine becomes a gateway of this installation.

    It holds the gateway key, so it is a secret. Run there: envoy --config-path FILE
    """
    certificate, key = asked["certificate"], asked["key"]
    if (certificate is None) != (key is None):
        raise Refusal("--certificate and --key belong together.")
    with at.opened() as installation:
        from gatekey.server.gateway.envoy.listener import Front
        from gatekey.server.gateway.envoy.remote import compile_remote_bootstrap
        from gatekey.server.gateway.policy.model import AccessLog

        settings = installation.settings
        url = asked["service"] or installation.site.public_url
        place = _place(installation, url, asked["authorities"], plain=asked["plain"])
        with_tls, log = certificate is not None, AccessLog(settings.access_log)
        listen, domain = (_numeric(asked["listen"]),), bool(settings.domain)
        front = Front(listen, settings.stream_life, with_tls, log, settings.cors_origins, domain)
        files = (certificate, key) if certificate and key else None
        document = compile_remote_bootstrap(asked["name"], front, place, files, asked["administration"])
    done = "The gateway's configuration, with the gateway key, is in"
    hand_over(json.dumps(document, indent=1), asked["output"], done)


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
