"""
Operate's API over the demo cluster: what the engine knows, with Operate's words.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from support.models import model, task
from support.recorded_demo import RecordedDemo, recorded_demo

MODEL = model(task("work", "operated"), "start>work", "work>end", process_id="operated")


@pytest.fixture(scope="module")
def demo() -> Iterator[RecordedDemo]:
    with recorded_demo() as demo:
        yield demo


def request(demo: RecordedDemo, method: str, path: str, body: Any = None) -> httpx.Response:
    return httpx.request(method, f"http://{demo.address}/v1{path}", json=body, trust_env=False)


def found(demo: RecordedDemo, resource: str, **wanted: Any) -> list[dict[str, Any]]:
    return list(demo.ask(f"/v1/{resource}/search", {"filter": wanted})["items"])


def work(demo: RecordedDemo, what: str, body: Any) -> None:
    activation = {"type": "operated", "timeout": 60_000, "maxJobsToActivate": 100}
    for job in demo.ask("/v2/jobs/activation", activation)["jobs"]:
        httpx.post(
            f"http://{demo.address}/v2/jobs/{job['jobKey']}/{what}", json=body, trust_env=False
        ).raise_for_status()


def cancel(demo: RecordedDemo, key: int) -> None:
    answer = httpx.post(f"http://{demo.address}/v2/process-instances/{key}/cancellation", json={}, trust_env=False)
    answer.raise_for_status()


def test_an_instance_is_told_with_its_parts_by_numbers(demo: RecordedDemo) -> None:
    key = int(demo.start(MODEL, amount=12.5))
    [instance] = found(demo, "process-instances", key=str(key), endDate=None)
    nodes = found(demo, "flownode-instances", processInstanceKey=key)
    [variable] = found(demo, "variables", processInstanceKey=key)
    definition = demo.ask(f"/v1/process-definitions/{instance['processDefinitionKey']}")

    assert ("ACTIVE", "operated", False) == (instance["state"], instance["bpmnProcessId"], instance["incident"])
    assert [("start", "COMPLETED"), ("work", "ACTIVE")] == [(each["flowNodeId"], each["state"]) for each in nodes]
    assert ("amount", "12.5", key) == (variable["name"], variable["value"], variable["scopeKey"])
    assert "operated" == definition["bpmnProcessId"]
    assert instance["startDate"].endswith("+0000")
    work(demo, "completion", {})


def test_an_incident_is_told_with_what_it_stops(demo: RecordedDemo) -> None:
    key = int(demo.start(MODEL))
    work(demo, "failure", {"retries": 0, "errorMessage": "no ink"})
    [incident] = found(demo, "incidents", processInstanceKey=key)
    statistics = demo.ask(f"/v1/process-instances/{key}/statistics")

    assert ("no ink", "ACTIVE", "JOB_NO_RETRIES") == (incident["message"], incident["state"], incident["type"])
    assert [found(demo, "process-instances", key=key)[0]] == found(demo, "process-instances", incident=True)
    assert {"activityId": "work", "active": 1, "canceled": 0, "completed": 0, "incidents": 1} == statistics[1]
    assert ["flow-0"] == demo.ask(f"/v1/process-instances/{key}/sequence-flows")
    cancel(demo, key)
    assert "CANCELED" == found(demo, "process-instances", key=key)[0]["state"]


def test_pages_follow_each_other_by_their_sort_values(demo: RecordedDemo) -> None:
    keys = {int(demo.start(MODEL, number=number)) for number in range(5)}
    asked: dict[str, Any] = {"filter": {"name": "number"}, "size": 2, "sort": [{"field": "value", "order": "DESC"}]}
    pages = []
    while (page := demo.ask("/v1/variables/search", asked))["items"]:
        pages.append(page)
        asked["searchAfter"] = page["sortValues"]

    assert [["4", "3"], ["2", "1"], ["0"]] == [[each["value"] for each in page["items"]] for page in pages]
    assert {5} == {page["total"] for page in pages}
    assert keys == {each["processInstanceKey"] for page in pages for each in page["items"]}
    work(demo, "completion", {})


def test_decisions_are_none(demo: RecordedDemo) -> None:
    assert [] == found(demo, "decision-definitions", tenantId="<default>")


def test_an_instance_is_deleted_after_its_end(demo: RecordedDemo) -> None:
    key = demo.start(MODEL)
    refused = request(demo, "DELETE", f"/process-instances/{key}")
    work(demo, "completion", {})
    deleted = request(demo, "DELETE", f"/process-instances/{key}")

    assert (400, f"Process instance {key} is running.") == (refused.status_code, refused.json()["message"])
    assert 1 == deleted.json()["deleted"]
    assert 404 == request(demo, "GET", f"/process-instances/{key}").status_code
    assert 404 == request(demo, "GET", f"/process-instances/{key}/statistics").status_code


def test_a_model_is_returned_as_it_was_deployed(demo: RecordedDemo) -> None:
    key = demo.start(MODEL)
    [instance] = found(demo, "process-instances", key=int(key))
    answer = request(demo, "GET", f"/process-definitions/{instance['processDefinitionKey']}/xml")

    assert MODEL == answer.content
    work(demo, "completion", {})


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"filter": {"bpmnProcessID": "x"}}, "the filter bpmnProcessID is not known"),
        ({"filter": ["x"]}, "filter must be an object"),
        ({"sort": [{"field": "colour"}]}, "the field colour cannot be sorted by"),
        ({"searchAfter": [1]}, "searchAfter must be the sortValues of an earlier answer"),
        ([], "The body must be a JSON object"),
    ],
)
def test_what_makes_no_sense_is_refused_in_operates_form(demo: RecordedDemo, body: Any, words: str) -> None:
    demo.start(MODEL)
    answer = request(demo, "POST", "/process-instances/search", body)

    assert (400, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert {"status", "message", "instance", "type"} == set(answer.json())
    assert words in answer.json()["message"]
    work(demo, "completion", {})


def test_other_paths_are_refused_in_words(demo: RecordedDemo) -> None:
    unknown, wrong = request(demo, "GET", "/roles"), request(demo, "DELETE", "/incidents/search")

    assert (404, "The demo cluster does not serve GET /v1/roles.") == (unknown.status_code, unknown.json()["detail"])
    assert (405, "application/problem+json") == (wrong.status_code, wrong.headers["content-type"])
