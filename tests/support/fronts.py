"""
Proxies in front of the token service, set up by the blocks of docs/how-to/run-behind-a-proxy.md.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.ports import free_port
from support.proxies import running_proxy

PAGE = Path(__file__).resolve().parents[2] / "docs/how-to/run-behind-a-proxy.md"
USUAL_FRONT, USUAL_SERVICE = "127.0.0.1:8480", "127.0.0.1:8400"

STREAM_MODULE = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
"""Where Debian's libnginx-mod-stream puts it."""


def block(beginning: str) -> str:
    """
    Return the page's block of code that begins like this.
    """
    found: list[str] = re.findall(r"```[a-z]+\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return next(text for text in found if text.startswith(beginning))


def haproxy(text: str, mode: str = "http") -> dict[str, str]:
    """
    Wrap sections in what HAProxy needs besides.
    """
    defaults = f"defaults\n    mode {mode}\n    timeout connect 5s\n    timeout client 30s\n    timeout server 30s\n\n"
    return {"haproxy.cfg": defaults + text}


def nginx(text: str, context: str = "http") -> dict[str, str]:
    """
    Wrap servers in what nginx needs besides.
    """
    temporary = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi") if context == "http" else ()
    paths = "".join(f"{name}_temp_path {name};\n" for name in temporary)
    module = "" if context == "http" else f"load_module {STREAM_MODULE};\n"
    logs = "access_log off;\n" if context == "http" else ""
    head = f"{module}pid nginx.pid;\nerror_log error.log;\nevents {{}}\n"
    return {"nginx.conf": f"{head}{context} {{\n{logs}{paths}{text}}}\n"}


def traefik(text: str) -> dict[str, str]:
    """
    Wrap routes in what Traefik needs besides.
    """
    fixed = (
        f"entryPoints: {{front: {{address: '{USUAL_FRONT}'}}}}\n"
        "providers: {file: {filename: dynamic.yaml}}\n"
        "global: {checkNewVersion: false, sendAnonymousUsage: false}\n"
    )
    return {"traefik.yaml": fixed, "dynamic.yaml": text}


def envoy(version: str | None = None) -> dict[str, str]:
    """
    Return the page's Envoy, or one that passes its callers on by a version of the PROXY protocol.
    """
    text = block("static_resources:")
    if version is not None:
        text = text.rstrip() + (
            "\n      transport_socket:\n        name: proxy\n        typed_config:\n"
            '          "@type": type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.'
            "ProxyProtocolUpstreamTransport\n"
            f"          config: {{version: {version}}}\n"
            "          transport_socket: {name: raw, typed_config: "
            '{"@type": type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer}}\n'
        )
    return {"envoy.yaml": text}


@dataclass(frozen=True)
class Front:
    """
    A proxy in front of the service: `program` is one of `support.proxies.SETTINGS`, `files` its configuration,
    `settings` ours.
    """

    program: str
    files: Callable[[], dict[str, str]]
    settings: dict[str, Any]


BY_HEADER: dict[str, Any] = {}
BY_FORWARDED = {"forwarded_by": "forwarded"}
BY_CONNECTION = {"proxy_protocol": True, "forwarded_by": "none"}

STREAM = f"server {{ listen {USUAL_FRONT}; proxy_pass {USUAL_SERVICE}; proxy_protocol on; }}\n"

FRONTS = {
    "nginx": Front("nginx", lambda: nginx(block("server {")), BY_HEADER),
    "nginx stream": Front("nginx", lambda: nginx(STREAM, "stream"), BY_CONNECTION),
    "haproxy": Front("haproxy", lambda: haproxy(block("frontend")), BY_HEADER),
    "haproxy forwarded": Front(
        "haproxy",
        lambda: haproxy(block("frontend gatekey\n    bind 127.0.0.1:8480\n    http-request")),
        BY_FORWARDED,
    ),
    "haproxy send-proxy": Front(
        "haproxy", lambda: haproxy(block("listen").replace("send-proxy-v2", "send-proxy"), "tcp"), BY_CONNECTION
    ),
    "haproxy send-proxy-v2": Front("haproxy", lambda: haproxy(block("listen"), "tcp"), BY_CONNECTION),
    "haproxy both": Front(
        "haproxy",
        lambda: haproxy(block("frontend").replace(USUAL_SERVICE, f"{USUAL_SERVICE} send-proxy-v2")),
        {"proxy_protocol": True},
    ),
    "caddy": Front("caddy", lambda: {"Caddyfile": block("{\n    admin")}, BY_HEADER),
    "traefik": Front("traefik", lambda: traefik(block("http:")), BY_HEADER),
    "envoy": Front("envoy", envoy, BY_HEADER),
    "envoy PROXY v1": Front("envoy", lambda: envoy("V1"), BY_CONNECTION),
    "envoy PROXY v2": Front("envoy", lambda: envoy("V2"), BY_CONNECTION),
}


@contextmanager
def fronted(front: Front, program: str, folder: Path, service_port: int) -> Iterator[int]:
    """
    Run a proxy in front of the service on `service_port`, and yield its own port.
    """
    port = free_port()
    for name, text in front.files().items():
        adapted = text.replace(USUAL_SERVICE, f"127.0.0.1:{service_port}").replace(USUAL_FRONT, f"127.0.0.1:{port}")
        for form in ("port_value: {}}}}}", "http://:{} "):
            adapted = adapted.replace(form.format(8480), form.format(port)).replace(
                form.format(8400), form.format(service_port)
            )
        (folder / name).write_text(adapted)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    with running_proxy(front.program, program, folder, port, environment):
        yield port
