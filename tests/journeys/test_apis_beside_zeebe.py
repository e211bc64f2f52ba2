"""
Operate, Tasklist and Optimize through the gateway, with the demo cluster behind it.

What is proven: the gateway finds them by path and by host, opens them for tokens of their audience alone, and carries
queries, variables and the servers' own errors unchanged. Not proven: that Camunda's servers behave so.
"""

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from gatekey.demo.apis.optimize import DASHBOARD, REPORT
from support.caller import Reply
from support.models import FORM, form, model, user_task
from support.product import Product, running_product
from support.recorded_demo import RecordedDemo, recorded_demo
from support.waiting import PATIENCE, wait_until

DOMAIN = "camunda.test"
REGION = "local"
MODEL = model(
    form("invoice") + user_task("check", name="Check the invoice", form="invoice"),
    "start>check",
    "check>end",
    process_id="invoices",
)
PAID = model(user_task("pay", name="Pay", assignee="ada"), "start>pay", "pay>end", process_id="payments")
TASKS = "query Tasks($query: TaskQuery!) { tasks(query: $query) { id name assignee variables { name value } } }"
RESULT = f"/api/public/export/report/{REPORT}/result/json"
CLAIM = """
mutation Claim($id: String!, $who: String, $override: Boolean) {
  claimTask(taskId: $id, assignee: $who, allowOverrideAssignment: $override) { id assignee taskState }
}
"""


@dataclass(frozen=True)
class Place:
    """
    How a cluster's API is named in a call: a host, and a path before the API's own.
    """

    host: str
    path: str


@dataclass
class Stand:
    """
    A demo cluster behind the gateway, and a token for each API of one client.
    """

    product: Product
    demo: RecordedDemo
    cluster_id: str
    tokens: dict[str, str]
    instance: str

    @property
    def task(self) -> str:
        """
        The id of the task of the instance.
        """
        [found] = self.demo.ask("/v1/tasks/search", {"processInstanceKey": self.instance})
        return str(found["id"])

    def place(self, api: str, by: str) -> Place:
        """
        The address of an API by its own host name, as Camunda SaaS forms it, or by its word in the path.
        """
        if by == "host":
            return Place(f"{REGION}.{api}.{DOMAIN}", f"/{self.cluster_id}")
        return Place(self.product.gateway, f"/{api}/{self.cluster_id}")

    def ask(self, place: Place, path: str, token: str | None, body: Any = None) -> Reply:
        """
        Make a call; a `body` is posted as JSON.
        """
        headers = {"Host": place.host, "Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        content = None if body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.product.gateway_port, timeout=PATIENCE)
        try:
            connection.request("GET" if body is None else "POST", place.path + path, content, headers)
            answer = connection.getresponse()
            return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def query(self, text: str, by: str = "path", **variables: Any) -> Any:
        """
        The document that the GraphQL server answers.
        """
        asked = {"query": text, "variables": variables}
        return self.ask(self.place("tasklist", by), "/graphql", self.tokens["tasklist"], asked).document


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with (
        recorded_demo() as demo,
        running_product(
            tmp_path_factory.mktemp("data"), domain=DOMAIN, region=REGION, limit_rate=1000, limit_burst=1000
        ) as product,
    ):
        options = [f"--{api}=http://{demo.address}" for api in ("operate", "tasklist", "optimize")]
        created = product.cli("clusters", "create", "apart", "--region", REGION, *options, "--json").stdout
        client = product.create_client("all", "Zeebe,Operate,Tasklist,Optimize", "apart")
        tokens = {
            api: product.ask_token(client["clientId"], client["clientSecret"], f"{api}.{DOMAIN}")[1]["access_token"]
            for api in ("zeebe", "operate", "tasklist", "optimize")
        }
        demo.start(PAID)
        instance = demo.start(MODEL, amount=12.5)
        stand = Stand(product, demo, json.loads(created)["clusterId"], tokens, instance)
        ready = "/api/public/dashboard?collectionId=1"
        wait_until(lambda: stand.ask(stand.place("optimize", "path"), ready, tokens["optimize"]).status == 200)
        yield stand


@pytest.mark.parametrize("by", ["path", "host"])
def test_graphql_variables_and_answers_pass_unchanged(stand: Stand, by: str) -> None:
    asked = {"state": "CREATED", "assignee": "ada"}

    [task] = stand.query(TASKS, by, query=asked)["data"]["tasks"]

    assert ("Pay", "ada", []) == (task["name"], task["assignee"], task["variables"])


def test_a_mutation_passes(stand: Stand) -> None:
    claimed = stand.query(CLAIM, id=stand.task, who="grace ☕", override=True)

    assert {"id": stand.task, "assignee": "grace ☕", "taskState": "CREATED"} == claimed["data"]["claimTask"]
    assert "grace ☕" == stand.demo.ask(f"/v1/tasks/{stand.task}")["assignee"]


def test_a_form_passes_whole(stand: Stand) -> None:
    of = stand.demo.ask(f"/v1/tasks/{stand.task}")["processDefinitionKey"]
    found = stand.query(f'{{ form(id: "invoice", processDefinitionId: "{of}") {{ id schema }} }}')

    assert {"id": "invoice", "schema": FORM} == found["data"]["form"]


def test_the_servers_own_graphql_errors_pass_unchanged(stand: Stand) -> None:
    lost = stand.query('{ task(id: "99") { id } }')
    wrong = stand.ask(
        stand.place("tasklist", "path"), "/graphql", stand.tokens["tasklist"], {"query": "{ nothing { id } }"}
    )

    assert ("Task with id 99 was not found", ["task"]) == (lost["errors"][0]["message"], lost["errors"][0]["path"])
    assert {"classification": "DataFetchingException"} == lost["errors"][0]["extensions"]
    assert 400 == wrong.status
    assert "Cannot query field 'nothing'" in wrong.document["errors"][0]["message"]


def test_the_server_hears_who_calls_and_not_the_token(stand: Stand) -> None:
    stand.query(f'{{ task(id: "{stand.task}") {{ id }} }}')
    heard = stand.demo.heard[-1]

    assert stand.cluster_id == heard["x-gatekey-cluster"]
    assert "authorization" not in heard


@pytest.mark.parametrize("by", ["path", "host"])
def test_the_variables_of_tasklist_are_not_those_of_operate(stand: Stand, by: str) -> None:
    place = stand.place("tasklist", by)
    [variable] = stand.demo.ask(f"/v1/tasks/{stand.task}/variables/search", {})
    path = f"/v1/variables/{variable['id']}"
    answers = [stand.ask(place, path, stand.tokens[api]).status for api in ("tasklist", "operate")]

    assert [200, 403] == answers


@pytest.mark.parametrize("by", ["path", "host"])
def test_optimize_is_read_and_written(stand: Stand, by: str) -> None:
    place, token = stand.place("optimize", by), stand.tokens["optimize"]
    variable = {
        "id": "7",
        "name": "rating",
        "type": "Double",
        "value": "4.5",
        "processInstanceId": stand.instance,
        "processDefinitionKey": "invoices",
    }
    dashboards = stand.ask(place, "/api/public/dashboard?collectionId=1", token)
    exported = stand.ask(place, "/api/public/export/dashboard/definition/json", token, [DASHBOARD])
    ingested = stand.ask(place, "/api/ingestion/variable", token, [variable])
    [*_, record] = stand.ask(place, f"{RESULT}?paginationTimeout=60&limit=1000", token).document["data"]

    assert [{"id": DASHBOARD}] == dashboards.document
    assert [REPORT] == [report["id"] for report in exported.document[0]["reports"]]
    assert (204, {"amount": 12.5, "rating": "4.5"}) == (ingested.status, record["variables"])


def test_optimize_is_read_page_by_page(stand: Stand) -> None:
    place, token = stand.place("optimize", "path"), stand.tokens["optimize"]
    path = f"{RESULT}?paginationTimeout=60&limit=1"
    first = stand.ask(place, path, token).document
    second = stand.ask(place, f"{path}&searchRequestId={first['searchRequestId']}", token).document

    assert [("payments", 2), ("invoices", 2)] == [
        (record["processDefinitionKey"], page["totalNumberOfRecords"])
        for page in (first, second)
        for record in page["data"]
    ]


def test_optimizes_own_refusals_pass_unchanged(stand: Stand) -> None:
    place, token = stand.place("optimize", "path"), stand.tokens["optimize"]
    answers = [
        stand.ask(place, "/api/public/dashboard", token),
        stand.ask(place, "/api/public/export/report/nothing/result/json?limit=1&paginationTimeout=1", token),
        stand.ask(place, "/api/ingestion/variable", token, [{"id": "7"}]),
    ]
    said = [(answer.status, answer.headers["content-type"], answer.document["errorCode"]) for answer in answers]

    assert [
        (400, "application/json", "badRequestError"),
        (404, "application/json", "notFoundError"),
        (400, "application/json", "badRequestError"),
    ] == said


@pytest.mark.parametrize("by", ["path", "host"])
@pytest.mark.parametrize(("api", "path"), [("tasklist", "/graphql"), ("optimize", "/api/public/dashboard")])
def test_whoever_may_not_call_reads_a_problem(stand: Stand, api: str, path: str, by: str) -> None:
    place = stand.place(api, by)
    heard = len(stand.demo.heard)
    nobody = stand.ask(place, path, None, {})
    others = [stand.ask(place, path, token, {}) for name, token in stand.tokens.items() if name != api]
    answers = [nobody, *others]

    assert [401, 403, 403, 403] == [answer.status for answer in answers]
    assert {"application/problem+json"} == {answer.headers["content-type"] for answer in answers}
    assert {"type", "title", "status", "detail", "instance"} == set(others[0].document)
    assert "Bearer" == nobody.headers["www-authenticate"]
    assert heard == len(stand.demo.heard)
