"""
One client, every API of its cluster: by the addresses and audiences that Gatekey itself hands out.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from support.gateway import RestUpstream, wait_until
from support.product import Product, running_product

SCOPES = "Zeebe,Operate,Tasklist,Optimize"
CALLS = {
    "zeebeRestAddress": ("zeebe", "/v2/topology"),
    "operateUrl": ("operate", "/v1/process-instances/search"),
    "tasklistUrl": ("tasklist", "/graphql"),
    "optimizeUrl": ("optimize", "/api/public/dashboard?collectionId=1"),
}


@pytest.fixture(scope="module")
def upstreams() -> Iterator[dict[str, RestUpstream]]:
    with ExitStack() as stack:
        yield {word: stack.enter_context(RestUpstream(word)) for word, _ in CALLS.values()}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, upstreams: dict[str, RestUpstream]) -> Iterator[Product]:
    zeebe = f"http://{upstreams['zeebe'].address}"
    data = tmp_path_factory.mktemp("data")
    with running_product(data, zeebe_rest=zeebe, limit_rate=1000, limit_burst=1000) as product:
        options = [f"--{word}=http://{upstreams[word].address}" for word in ("operate", "tasklist", "optimize")]
        product.cli("clusters", "create", "apart", f"--rest={zeebe}", *options)
        yield product


def ask(url: str, token: str | None) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(url)
    if token is not None:
        request.add_header("authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.load(refusal)


@pytest.mark.parametrize("cluster", ["local", "apart"])
def test_each_api_is_reached_at_its_address_with_its_audience_and_no_other(product: Product, cluster: str) -> None:
    shown = json.loads(product.cli("clusters", "show", cluster, "--json").stdout)
    client = product.create_client(f"all-of-{cluster}", SCOPES, cluster)
    tokens = {
        word: product.ask_token(client["clientId"], client["clientSecret"], f"{word}.camunda.io")[1]["access_token"]
        for word, _ in CALLS.values()
    }
    wait_until(lambda: ask(f"{shown['zeebeRestAddress']}/v2/topology", tokens["zeebe"])[0] == 200)

    # Where Zeebe's server is theirs, Zeebe's audience opens Operate and Tasklist too.
    also = {("zeebe", "operate"), ("zeebe", "tasklist")} if cluster == "local" else set()
    seen: dict[str, tuple[int, str, str]] = {}
    others: dict[tuple[str, str], int] = {}
    for name, (word, path) in CALLS.items():
        status, answer = ask(shown[name] + path, tokens[word])
        seen[word] = (status, answer["upstream"], answer["path"])
        others |= {(key, word): ask(shown[name] + path, token)[0] for key, token in tokens.items() if key != word}

    servers = {word: "zeebe" if cluster == "local" else word for word in tokens}
    assert {word: (200, servers[word], path) for word, path in CALLS.values()} == seen
    assert {pair: 200 if pair in also else 403 for pair in others} == others


def test_whether_optimize_is_up_is_told_without_a_token(product: Product) -> None:
    shown = json.loads(product.cli("clusters", "show", "apart", "--json").stdout)

    status, answer = ask(f"{shown['optimizeUrl']}/api/readyz", None)

    assert (200, "optimize", "/api/readyz") == (status, answer["upstream"], answer["path"])


def test_an_address_that_the_gateway_could_not_call_is_refused(product: Product) -> None:
    done = product.cli("clusters", "create", "odd", "--operate=localhost", check=False)

    assert done.returncode != 0
    assert "Operate upstream is a URL" in done.stderr
