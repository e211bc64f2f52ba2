"""
What the REST API tells beside its searches: the parts of an instance, and what the demo cluster does not serve.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from support.models import model, task
from support.recorded_demo import RecordedDemo, recorded_demo

BESIDE = (
    '<bpmn:message id="paid" name="paid"><bpmn:extensionElements><zeebe:subscription correlationKey="=order"/>'
    "</bpmn:extensionElements></bpmn:message>"
)
WAITING = '<bpmn:receiveTask id="wait" messageRef="paid"/>'
MODEL = model(WAITING, "start>wait", "wait>end", process_id="ordered", beside=BESIDE)
NEWER = model(WAITING, "start>wait", "wait>end", process_id="ordered", beside=f"{BESIDE} ")


@pytest.fixture
def demo() -> Iterator[RecordedDemo]:
    with recorded_demo() as demo:
        yield demo


def found(demo: RecordedDemo, resource: str, **wanted: Any) -> list[dict[str, Any]]:
    return list(demo.ask(f"/v2/{resource}/search", {"filter": wanted})["items"])


def answer(demo: RecordedDemo, method: str, path: str, body: Any = None) -> httpx.Response:
    return httpx.request(method, f"http://{demo.address}/v2{path}", json=body, trust_env=False)


def test_an_instance_tells_its_way(demo: RecordedDemo) -> None:
    key = demo.start(MODEL, order="7")
    path = f"/v2/process-instances/{key}"
    statistics = demo.ask(f"{path}/statistics/element-instances")["items"]
    flows = demo.ask(f"{path}/sequence-flows")["items"]

    assert [("start", 0, 1), ("wait", 1, 0)] == [
        (each["elementId"], each["active"], each["completed"]) for each in statistics
    ]
    assert [("flow-0", key)] == [(each["elementId"], each["processInstanceKey"]) for each in flows]
    assert [key] == [each["processInstanceKey"] for each in demo.ask(f"{path}/call-hierarchy")]


def test_who_waits_for_a_message_is_found_until_it_comes(demo: RecordedDemo) -> None:
    key = demo.start(MODEL, order="7")
    [waiting] = found(demo, "message-subscriptions", processInstanceKey=key)
    demo.ask("/v2/messages/correlation", {"name": "paid", "correlationKey": "7"})

    assert ("paid", "7", "wait") == (waiting["messageName"], waiting["correlationKey"], waiting["elementId"])
    assert [] == found(demo, "message-subscriptions")


def test_instances_are_found_by_their_variables(demo: RecordedDemo) -> None:
    seven, eight = demo.start(MODEL, order="7"), demo.start(MODEL, order="8")
    by_value = found(demo, "process-instances", variables=[{"name": "order", "value": '"7"'}])
    by_choice = found(demo, "process-instances", variables=[{"name": "order", "value": {"$in": ['"7"', '"8"']}}])
    refused = answer(demo, "POST", "/process-instances/search", {"filter": {"variables": "order"}})

    assert [seven] == [each["processInstanceKey"] for each in by_value]
    assert [seven, eight] == [each["processInstanceKey"] for each in by_choice]
    assert (400, "variables must be a list of names and values.") == (refused.status_code, refused.json()["detail"])


def test_the_latest_version_is_found(demo: RecordedDemo) -> None:
    demo.start(MODEL)
    demo.start(NEWER)

    assert [2] == [each["version"] for each in found(demo, "process-definitions", isLatestVersion=True)]
    assert [1] == [each["version"] for each in found(demo, "process-definitions", isLatestVersion=False)]


def test_incidents_are_found_below_what_they_stop(demo: RecordedDemo) -> None:
    key = demo.start(model(task("work", "=missing"), "start>work", "work>end"))
    demo.start(model(task("work", "=missing"), "start>work", "work>end"))
    [incident] = demo.ask(f"/v2/process-instances/{key}/incidents/search", {})["items"]
    [same] = demo.ask(f"/v2/element-instances/{incident['elementInstanceKey']}/incidents/search", {})["items"]

    assert (incident, key) == (same, incident["processInstanceKey"])


def test_an_ended_instance_is_deleted(demo: RecordedDemo) -> None:
    key = demo.start(MODEL, order="7")
    running = answer(demo, "POST", f"/process-instances/{key}/deletion", {})
    answer(demo, "POST", f"/process-instances/{key}/cancellation", {})
    deleted = answer(demo, "POST", f"/process-instances/{key}/deletion", {})

    assert (409, 204) == (running.status_code, deleted.status_code)
    assert 404 == answer(demo, "GET", f"/process-instances/{key}").status_code


def test_the_variables_of_a_completed_user_task_are_told(demo: RecordedDemo) -> None:
    key = demo.start(model('<bpmn:userTask id="ask"/>', "start>ask", "ask>end"), amount=3)
    [asked] = found(demo, "user-tasks", processInstanceKey=key)
    path = f"/user-tasks/{asked['userTaskKey']}"
    answer(demo, "POST", f"{path}/completion", {})
    variables = answer(demo, "POST", f"{path}/variables/search", {}).json()["items"]

    assert [("amount", "3")] == [(each["name"], each["value"]) for each in variables]
    assert 204 == answer(demo, "GET", f"{path}/form").status_code
    assert 404 == answer(demo, "POST", "/user-tasks/1/variables/search", {}).status_code


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/signals/broadcast"), ("PATCH", "/user-tasks/1"), ("POST", "/users/search")],
)
def test_what_is_not_served_is_not_implemented_in_words(demo: RecordedDemo, method: str, path: str) -> None:
    refused = answer(demo, method, path, {})

    assert (501, f"The demo cluster does not serve {method} /v2{path}.") == (
        refused.status_code,
        refused.json()["detail"],
    )


def test_half_a_character_is_refused(demo: RecordedDemo) -> None:
    body = b'{"processDefinitionId": "\\ud800"}'
    refused = httpx.post(
        f"http://{demo.address}/v2/process-instances",
        content=body,
        headers={"Content-Type": "application/json"},
        trust_env=False,
    )

    assert (400, "The body must be a JSON object.") == (refused.status_code, refused.json()["detail"])


def test_a_changeset_that_is_no_number_is_refused(demo: RecordedDemo) -> None:
    demo.start(model(task("work", "counted"), "start>work", "work>end"))
    [job] = found(demo, "jobs")
    path = f"/jobs/{job['jobKey']}"
    refused = answer(demo, "PATCH", path, {"changeset": {"retries": "many"}})
    changed = answer(demo, "PATCH", path, {"changeset": {"retries": 5}})

    assert (400, "retries must be a whole number.") == (refused.status_code, refused.json()["detail"])
    assert (204, 5) == (changed.status_code, found(demo, "jobs")[0]["retries"])
