"""
Envoy's REST discovery, as an Envoy speaks it: versions, questions that are held, odd questions.
"""

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from gatekey.server.api.gateway import PendingPolls
from gatekey.server.events.model import ConfigurationGiven, Failed
from gatekey.server.gateway.envoy.resources import Part, Response, discovery_response
from gatekey.server.gateway.envoy.snapshots import POLLED, first_snapshot
from gatekey.server.gateway.policy.model import Address, GatewayView
from gatekey.server.gateway.runner.publishing import PublishedParts, Publisher
from support.service import Reply, Service, served

RESOURCES = first_snapshot(
    GatewayView(Address("localhost", 1), "http://issuer", "{}", "camunda.io"), POLLED, 0.0
).resources
OTHER = replace(RESOURCES, routes=({"@type": "type.googleapis.com/other"},))


@dataclass
class Stand:
    service: Service
    publisher: Publisher

    def ask(self, kind: str, body: object = None, key: str = "", **question: Any) -> Reply:
        headers = {"authorization": f"Bearer {key or self.service.installation.gateway_key}"}
        content = body if isinstance(body, bytes) else json.dumps({"node": {"id": "one"}, **question}).encode()
        return self.service.caller.call("POST", f"/v3/discovery:{kind}", headers, content)

    def given(self) -> list[ConfigurationGiven]:
        return [event for event in self.service.events if isinstance(event, ConfigurationGiven)]


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with served(tmp_path / "data") as service:
        publisher = Publisher(service.installation.folder.published_path)
        publisher.write(RESOURCES)
        yield Stand(service, publisher)


def version(reply: Reply) -> str:
    return str(reply.document["version_info"])


@pytest.mark.parametrize(
    ("kind", "name", "part"),
    [
        ("clusters", "", "upstreams"),
        ("routes", "guarded", "routes"),
        ("extension_configs", "verification", "jwt_authn"),
        ("extension_configs", "revocations", "base"),
        ("extension_configs", "latest_revocations", "delta"),
    ],
)
def test_each_part_is_given_under_its_name(stand: Stand, kind: str, name: str, part: str) -> None:
    reply = stand.ask(kind, resource_names=[name])

    assert list(getattr(RESOURCES, part)) == reply.document["resources"]
    assert [ConfigurationGiven("127.0.0.1", "one", name or kind, 200)] == stand.given()


def test_a_question_is_held_until_there_is_another_version(stand: Stand) -> None:
    first = version(stand.ask("routes"))
    replies: list[Reply] = []
    asking = threading.Thread(target=lambda: replies.append(stand.ask("routes", version_info=first)))
    asking.start()
    stand.publisher.write(replace(RESOURCES, delta=({"@type": "type.googleapis.com/latest"},)))
    stand.ask("clusters")
    held = list(replies)
    stand.publisher.write(OTHER)
    asking.join()

    assert ([], list(OTHER.routes)) == (held, replies[0].document["resources"])


def test_a_service_that_ends_holds_no_question(tmp_path: Path) -> None:
    publisher, parts = Publisher(tmp_path), PublishedParts(tmp_path)
    publisher.write(RESOURCES)
    version = discovery_response(RESOURCES.routes).version

    async def end_while_one_waits() -> Response | None:
        ending = threading.Event()
        board = PendingPolls(parts, ending.is_set)
        waiting = asyncio.create_task(board.newer(lambda: parts.current(Part.ROUTES), version))
        await asyncio.sleep(0)
        ending.set()
        return await waiting

    assert asyncio.run(end_while_one_waits()) is None


def test_a_restart_that_writes_the_same_gives_nothing_anew(stand: Stand) -> None:
    first = version(stand.ask("routes"))
    Publisher(stand.service.installation.folder.published_path).write(RESOURCES)

    assert first == version(stand.ask("routes"))


def test_what_is_no_question_of_envoy_is_refused(stand: Stand) -> None:
    bodies = [b"", b"{", b"[]", b'{"node": 1}', b"x" * (1024 * 1024 + 1)]

    assert [400] * len(bodies) == [stand.ask("routes", body).status for body in bodies]


def test_a_question_is_long_because_envoy_names_all_its_extensions(stand: Stand) -> None:
    node = {"id": "one", "extensions": [{"name": "x" * 100}] * 3000}

    assert 200 == stand.ask("routes", node=node).status


def test_configuration_that_cannot_be_read_is_our_fault_and_told(stand: Stand) -> None:
    path = stand.service.installation.folder.published_path / "routes.json"
    path.unlink()
    path.mkdir()

    assert 503 == stand.ask("routes").status
    assert [event for event in stand.service.events if isinstance(event, Failed)]


def test_a_wrong_key_is_refused_and_told_without_reading_the_question(stand: Stand) -> None:
    reply = stand.ask("routes", b"x" * 100_000, key="wrong")

    assert 401 == reply.status
    assert [ConfigurationGiven("127.0.0.1", "", "routes", 401)] == stand.given()
