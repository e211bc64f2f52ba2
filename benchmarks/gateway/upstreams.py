"""
What stands behind every gateway: a gRPC-shaped server (nghttpd) and an HTTP/1.1 one (nginx).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.gateway.load import MESSAGE_BYTES, STREAM_BYTES, Kind
from benchmarks.gateway.ports import free_port, is_open
from benchmarks.gateway.processes import start, stop, wait_for

NGINX = """\
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log /dev/null;
events {{ worker_connections 1024; }}
http {{
    access_log off; keepalive_requests 1000000000; client_body_temp_path {folder}; proxy_temp_path {folder};
    fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{ listen 127.0.0.1:{port}; location / {{ default_type application/json; return 200 "{body}"; }} }}
}}
"""


@dataclass(frozen=True, slots=True)
class Upstreams:
    """
    Their ports on loopback.
    """

    grpc: int
    rest: int


@contextmanager
def upstreams(folder: Path, core: int) -> Iterator[Upstreams]:
    """
    Run both on `core`. Raises `NotAvailable`.
    """
    ports = Upstreams(free_port(), free_port())
    documents = folder / "documents"
    for kind, size in ((Kind.UNARY, MESSAGE_BYTES), (Kind.STREAM, STREAM_BYTES)):
        path = documents / kind.path.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size))
    settings = folder / "upstream.conf"
    settings.write_text(NGINX.format(folder=folder, port=ports.rest, body="x" * MESSAGE_BYTES))
    pinned = ("taskset", "-c", str(core))
    grpc_server = ["nghttpd", "--no-tls", "-a", "127.0.0.1", "-d", str(documents), "--trailer", "grpc-status: 0"]
    running = [
        start([*pinned, *grpc_server, "-w", "24", "-W", "24", str(ports.grpc)], folder / "nghttpd.log"),
        start([*pinned, "nginx", "-c", str(settings), "-p", str(folder)], folder / "nginx.log"),
    ]
    try:
        wait_for(lambda: is_open(ports.grpc), "nghttpd")
        wait_for(lambda: is_open(ports.rest), "nginx")
        yield ports
    finally:
        for process in running:
            stop(process)
