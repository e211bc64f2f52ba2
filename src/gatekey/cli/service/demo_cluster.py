"""`gatekey demo-cluster`: an upstream for trying, where there is no Camunda."""

import logging
import sys

import click

from gatekey.cli.groups import Command
from gatekey.errors import ServiceError


@click.command(cls=Command, examples=("gatekey demo-cluster",))
@click.option("--grpc", default="127.0.0.1:26510", show_default=True, help="Where Zeebe's gRPC protocol is served.")
@click.option("--rest", default="127.0.0.1:8510", show_default=True, help="Where the REST APIs are served.")
def demo_cluster(grpc: str, rest: str) -> None:
    """
    Run a demo cluster until Ctrl-C: Zeebe's protocol over a small engine, on loopback only.

    It is for trying and for tests, and it is not Camunda: it runs simple BPMN models in memory and forgets all when it
    ends.
    """
    try:
        from gatekey.demo.serve import serve
    except ImportError as error:
        raise ServiceError(
            f"The demo cluster needs a package that is not installed: {error.name}.",
            hint="From a checkout: pip install '.[demo]'",
        ) from error
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    serve(grpc, rest)
