"""
The proxy that asks: nginx with its example from deploy/, which puts one question about every call to Gatekey.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.gateway.load import Target
from benchmarks.gateway.ports import free_port, is_open
from benchmarks.gateway.processes import Tree, start, stop, wait_for
from benchmarks.gateway.service import running_service
from benchmarks.gateway.stage import Stage

EXAMPLE = Path(__file__).resolve().parents[2] / "deploy" / "nginx"
EXAMPLE_CLUSTER = "00000000-0000-4000-8000-000000000000"
TLS = """\
        listen 26600 ssl http2;
        ssl_certificate certificate.pem;
        ssl_certificate_key key.pem;
"""


@contextmanager
def nginx(stage: Stage) -> Iterator[Target]:
    """
    nginx and the Gatekey it asks, both on the gateway's core and both counted.

    The example's TLS is taken off, for none of the others has it, and with it goes the one port: without TLS, nginx
    before 1.25.1 speaks HTTP/2 on one and HTTP/1.1 on another. Its access log is off like everybody's.
    """
    folder = stage.folder / "nginx"
    with running_service(stage.folder / "asked", with_gateway=False) as service:
        grpc_port, rest_port = free_port(), free_port()
        shutil.copytree(EXAMPLE, folder)
        settings = folder / "nginx.conf"
        cluster_id, upstreams = service.cluster_id, stage.upstreams
        changes = {
            TLS: f"listen 127.0.0.1:{grpc_port} http2; listen 127.0.0.1:{rest_port};\n",
            "worker_processes auto;": "worker_processes 1;",
            # Otherwise it would end each connection after a thousand calls, which h2load takes for failures.
            "access_log access.log gatekey;": "access_log off; keepalive_requests 1000000000;",
            "127.0.0.1:8400": f"127.0.0.1:{service.http_port}",
            f"{EXAMPLE_CLUSTER}/grpc     127.0.0.1:26500": f"{cluster_id}/grpc 127.0.0.1:{upstreams.grpc}",
            f"{EXAMPLE_CLUSTER}/rest     127.0.0.1:8080": f"{cluster_id}/rest 127.0.0.1:{upstreams.rest}",
        }
        settings.write_text(_changed(settings.read_text(), changes))
        key = service.installation.gateway_key
        (folder / "gateway-key.conf").write_text(f'proxy_set_header X-Gatekey-Gateway-Key "{key}";\n')
        command = ["nginx", "-p", str(folder), "-c", "nginx.conf", "-g", "daemon off;"]
        process = start(command, stage.folder / "nginx.log")
        try:
            wait_for(lambda: is_open(grpc_port) and is_open(rest_port), "nginx")
            tree = Tree(process.pid, Tree(service.pid))
            tree.pin(stage.core)
            yield Target(grpc_port, service.tokens(1)[0], tree, rest_port)
        finally:
            stop(process)


def _changed(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        if old not in text:
            raise ValueError(f"deploy/nginx no longer says: {old}")
        text = text.replace(old, new)
    return text
