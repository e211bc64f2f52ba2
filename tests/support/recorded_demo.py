"""
A demo cluster in the test's own process, behind a record of what it was asked.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from gatekey.demo.cluster import DemoCluster
from gatekey.demo.serve import application
from gatekey.server.gateway.policy.model import Address
from support.asgi import served_application


@dataclass
class RecordedDemo:
    """
    Where its HTTP APIs listen, and the headers of every call that came.
    """

    address: Address
    heard: list[dict[str, str]] = field(default_factory=list)

    def ask(self, path: str, body: Any = None, **options: Any) -> Any:
        """
        Ask it without a gateway between: POST what is given, else GET. Return the answer's document.
        """
        method = "GET" if body is None and "files" not in options else "POST"
        answer = httpx.request(
            method, f"http://{self.address}{path}", json=body, trust_env=False, **options
        ).raise_for_status()
        return answer.json()

    def start(self, model: bytes, **variables: Any) -> str:
        """
        Deploy a model and start an instance of its process; return the instance's key.
        """
        deployed = self.ask("/v2/deployments", files={"resources": ("model.bpmn", model)})
        key = deployed["deployments"][0]["processDefinition"]["processDefinitionKey"]
        created = self.ask("/v2/process-instances", {"processDefinitionKey": key, "variables": variables})
        return str(created["processInstanceKey"])


@contextmanager
def recorded_demo() -> Iterator[RecordedDemo]:
    """
    Serve one on a free port until the block ends. It has no clock: timers do not fire.
    """
    serving, heard = application(DemoCluster()), list[dict[str, str]]()

    async def recording(scope: Any, receive: Any, send: Any) -> None:
        heard.append({name.decode(): value.decode() for name, value in scope["headers"]})
        await serving(scope, receive, send)

    with served_application(recording) as address:
        yield RecordedDemo(address, heard)
