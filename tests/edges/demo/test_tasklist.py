"""
Tasklist's APIs over the demo cluster: user tasks by REST and by GraphQL.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from support.models import FORM, form, model, user_task
from support.recorded_demo import RecordedDemo, recorded_demo

MODEL = model(
    form("invoice") + user_task("check", name="Check the invoice", form="invoice") + user_task("pay", assignee="ada"),
    "start>check",
    "check>pay",
    "pay>end",
    process_id="invoices",
)


@pytest.fixture
def demo() -> Iterator[RecordedDemo]:
    with recorded_demo() as demo:
        yield demo


def tasks(demo: RecordedDemo, **wanted: Any) -> list[dict[str, Any]]:
    return list(demo.ask("/v1/tasks/search", wanted))


def change(demo: RecordedDemo, task_id: str, what: str, body: Any = None) -> httpx.Response:
    return httpx.patch(f"http://{demo.address}/v1/tasks/{task_id}/{what}", json=body, trust_env=False)


def query(demo: RecordedDemo, text: str, **variables: Any) -> httpx.Response:
    body = {"query": text, "variables": variables}
    return httpx.post(f"http://{demo.address}/graphql", json=body, trust_env=False)


def test_a_task_is_found_assigned_and_completed(demo: RecordedDemo) -> None:
    demo.start(MODEL, amount=12.5)
    [first] = tasks(demo, state="CREATED", assigned=False, assignee=None)
    assigned = change(demo, first["id"], "assign", {"assignee": "grace"}).json()
    again = change(demo, first["id"], "assign", {"assignee": "ada", "allowOverrideAssignment": False})
    completed = change(
        demo, first["id"], "complete", {"variables": [{"name": "approved", "value": "true"}, {"name": "n", "value": 1}]}
    ).json()
    [second] = tasks(demo, assignee="ada", assigned=True)

    assert ("Check the invoice", "grace") == (first["name"], assigned["assignee"])
    assert (400, True) == (again.status_code, "is assigned to grace already" in again.json()["message"])
    assert ("COMPLETED", "pay") == (completed["taskState"], second["taskDefinitionId"])
    assert ("CREATED", None) == (second["taskState"], change(demo, second["id"], "unassign").json()["assignee"])


def test_a_tasks_variables_are_found_by_name(demo: RecordedDemo) -> None:
    demo.start(MODEL, amount=12.5, note="urgent")
    [task] = tasks(demo)
    [named] = demo.ask(f"/v1/tasks/{task['id']}/variables/search", {"variableNames": ["note"]})
    one = demo.ask(f"/v1/variables/{named['id']}")

    assert ["amount", "note"] == [each["name"] for each in demo.ask(f"/v1/tasks/{task['id']}/variables/search", {})]
    assert ('"urgent"', '"urgent"', False) == (named["value"], named["previewValue"], named["isValueTruncated"])
    assert {**one, **named} == one


def test_a_form_that_stands_in_the_model_is_shown(demo: RecordedDemo) -> None:
    demo.start(MODEL)
    [task] = tasks(demo)
    found = demo.ask(f"/v1/forms/invoice?processDefinitionKey={task['processDefinitionKey']}")

    assert ("camunda-forms:bpmn:invoice", True) == (task["formKey"], task["isFormEmbedded"])
    assert ("invoice", FORM) == (found["id"], found["schema"])


def test_the_newest_task_comes_first_and_pages_follow_each_other(demo: RecordedDemo) -> None:
    started = [demo.start(MODEL, number=number) for number in range(3)]
    oldest = tasks(demo, sort=[{"field": "creationTime", "order": "ASC"}], pageSize=2)
    rest = tasks(demo, sort=[{"field": "creationTime", "order": "ASC"}], searchAfter=oldest[-1]["sortValues"])

    assert started == [each["processInstanceKey"] for each in (*oldest, *rest)]
    created = [each["creationDate"] for each in tasks(demo)]
    assert sorted(created, reverse=True) == created


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", "/tasks/99", None, 404, "Task with id 99 was not found"),
        ("GET", "/tasks/none", None, 404, "Task with id none was not found"),
        ("GET", "/forms/none?processDefinitionKey=x", None, 404, "No process is deployed"),
        ("POST", "/tasks/search", {"candidateGroup": "x"}, 400, "the filter candidateGroup is not known"),
        ("GET", f"/forms/invoice?processDefinitionKey={'9' * 5000}", None, 404, "No process is deployed"),
        ("POST", "/tasks/search", {"sort": "name"}, 400, "sort must be a list of objects"),
        ("POST", "/tasks/search", {"sort": [{"field": ["name"]}]}, 400, "sorted by creationTime or completionTime"),
        ("POST", "/tasks/search", {"sort": [{"field": "name"}]}, 400, "sorted by creationTime or completionTime"),
        ("POST", "/tasks/1/variables/search", {"variableNames": "x"}, 400, "variableNames must be a list"),
        ("PATCH", "/tasks/1/assign", {}, 400, "has to name the assignee"),
        (
            "PATCH",
            "/tasks/1/complete",
            {"variables": [{"name": "x", "value": "{"}]},
            400,
            "a value that is a JSON text",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(  # noqa: PLR0913, PLR0917 - a request and its answer
    demo: RecordedDemo, method: str, path: str, body: Any, status: int, words: str
) -> None:
    demo.start(MODEL)
    answer = httpx.request(method, f"http://{demo.address}/v1{path}", json=body, trust_env=False)

    assert (status, True) == (answer.status_code, words in answer.json()["message"])


def test_graphql_finds_claims_and_completes_tasks(demo: RecordedDemo) -> None:
    demo.start(MODEL, amount=12.5)
    [task] = query(
        demo, "query ($q: TaskQuery!) { tasks(query: $q) { id creationTime variables { name value } } }", q={}
    ).json()["data"]["tasks"]
    claimed = query(
        demo, 'mutation ($id: String!) { claimTask(taskId: $id, assignee: "ada") { assignee } }', id=task["id"]
    )
    freed = query(demo, "mutation ($id: String!) { unclaimTask(taskId: $id) { assignee } }", id=task["id"])
    done = query(
        demo,
        'mutation ($id: String!) { completeTask(taskId: $id, variables: [{name: "ok", value: "1"}]) { taskState } }',
        id=task["id"],
    )

    assert [{"name": "amount", "value": "12.5"}] == task["variables"]
    assert ["ada", None] == [
        claimed.json()["data"]["claimTask"]["assignee"],
        freed.json()["data"]["unclaimTask"]["assignee"],
    ]
    assert {"data": {"completeTask": {"taskState": "COMPLETED"}}} == done.json()


def test_graphql_starts_and_deletes_process_instances(demo: RecordedDemo) -> None:
    demo.start(MODEL)
    [process] = query(demo, '{ processes(search: "INV") { processDefinitionId version } }').json()["data"]["processes"]
    none = query(demo, '{ processes(search: "other") { id } }').json()["data"]["processes"]
    started = query(demo, 'mutation { startProcess(processDefinitionId: "invoices") { id } }').json()
    key = started["data"]["startProcess"]["id"]
    delete = "mutation ($id: String!) { deleteProcessInstance(processInstanceId: $id) }"
    refused = query(demo, delete, id=key)
    httpx.post(f"http://{demo.address}/v2/process-instances/{key}/cancellation", json={}, trust_env=False)

    assert ({"processDefinitionId": "invoices", "version": 1}, []) == (process, none)
    assert (200, f"Process instance {key} is running.") == (
        refused.status_code,
        refused.json()["errors"][0]["message"],
    )
    assert {"data": {"deleteProcessInstance": True}} == query(demo, delete, id=key).json()


def test_graphql_shows_the_variables_and_the_form_of_a_task(demo: RecordedDemo) -> None:
    demo.start(MODEL, amount=12.5, note="urgent")
    [task] = tasks(demo)
    asked = """query ($id: String!, $of: String!) {
      variables(taskId: $id, variableNames: ["note"]) { name }
      form(id: "invoice", processDefinitionId: $of) { id schema }
    }"""
    found = query(demo, asked, id=task["id"], of=task["processDefinitionKey"]).json()["data"]

    assert {"variables": [{"name": "note"}], "form": {"id": "invoice", "schema": FORM}} == found


def test_graphql_that_is_none_is_refused(demo: RecordedDemo) -> None:
    wrong, empty = query(demo, "{ nothing }"), httpx.post(f"http://{demo.address}/graphql", json={}, trust_env=False)

    assert (400, True) == (wrong.status_code, "Cannot query field 'nothing'" in wrong.text)
    assert (400, True) == (empty.status_code, "must have a query" in empty.json()["message"])
