"""
What must last: calls that wait longer than any proxy's usual limits, streams, and a real worker, through key rotation,
the deletion of another client, a restart of the cluster and the death of Envoy.

The long waits begin with the first test and are looked at by the last ones; meanwhile the others disturb a gateway of
their own.
"""

import json
import os
import signal
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import grpc
import pytest

from real.applications import PROCESS
from real.calls import activated_job, bearer, grpc_topology, rest_topology, start_instance
from real.conftest import Cluster
from real.disturbed import STREAM_LIFE, Disturbed, disturbed, working
from real.streams import JobStream
from real.tokens import granted, header, variables
from support.clients import Application, zbctl
from support.java import JavaProgram
from support.product import Product
from support.waiting import wait_until

pytestmark = pytest.mark.real

WAIT_SECONDS = int(os.environ.get("GATEKEY_TEST_WAIT", "65"))
"""How long calls and streams wait: more than the minute at which many proxies and load balancers have limits."""

MARGIN_SECONDS = 30

PATIENT_SECONDS = WAIT_SECONDS + 500
"""How long callers would wait: so long that it is never they who give up, however slow the machine is."""

FELT_SECONDS = 10.0
"""Until the gateway follows, on a busy machine; a benchmark says how fast it is."""

RESTART_SECONDS = 60.0


@dataclass
class Waits:
    """
    What has been open since `began` (monotonic): two waiting calls and a stream.
    """

    began: float
    by_grpc: Future[str]
    by_rest: Future[str]
    stream: JobStream


@pytest.fixture(scope="module", autouse=True)
def waits(guarded: Product, rest_base: str, token: str) -> Iterator[Waits]:
    """
    Begin to wait, by gRPC, by REST and on a stream, through the gateway that nobody disturbs.
    """
    with ThreadPoolExecutor() as aside, JobStream(guarded.gateway, token, "lasting-stream") as stream:
        by_grpc = aside.submit(activated_job, guarded.gateway, token, "lasting-grpc", PATIENT_SECONDS)
        by_rest = aside.submit(job_by_rest, rest_base, token, "lasting-rest", PATIENT_SECONDS)
        try:
            yield Waits(time.monotonic(), by_grpc, by_rest, stream)
        finally:
            # Whoever waits still, because a test failed or was left out, ends now.
            for protocol in ("grpc", "rest"):
                start_instance(guarded.gateway, token, PROCESS, worker=f"lasting-{protocol}", name="the end")


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disturbed]:
    with disturbed(tmp_path_factory.mktemp("disturbed")) as stand:
        yield stand


@pytest.fixture(scope="module")
def token_here(stand: Disturbed) -> str:
    """
    A token that opens the disturbed gateway.
    """
    return stand.token("steady")


@pytest.fixture(scope="module")
def worker(stand: Disturbed, java_client: JavaProgram) -> Iterator[list[str]]:
    """
    The lines of a Java worker, with a job stream, that lives through all that follows.
    """
    home = stand.folder / "home"
    home.mkdir()
    application = Application(stand.client("worker"), home)
    with working(
        application, java_client.command("Works", home, "java-worker"), ZEEBE_INSECURE_CONNECTION="true"
    ) as said:
        wait_until(lambda: "working" in said, RESTART_SECONDS)
        yield said


def job_by_rest(base: str, token: str, worker: str, seconds: int) -> str:
    """
    The key of the next job of the type `worker`, waited for by REST.
    """
    wanted = {"type": worker, "timeout": 20_000, "maxJobsToActivate": 1, "requestTimeout": seconds * 1000}
    headers = {"Content-Type": "application/json", **dict(bearer(token))}
    request = urllib.request.Request(f"{base}/v2/jobs/activation", json.dumps(wanted).encode(), headers)
    with urllib.request.urlopen(request, timeout=seconds + MARGIN_SECONDS) as answer:
        (job,) = json.load(answer)["jobs"]
        return str(job.get("key") or job["jobKey"])


@pytest.mark.usefixtures("worker")
def test_a_key_is_rotated_under_an_open_stream(stand: Disturbed, token_here: str) -> None:
    gateway = stand.product.gateway
    with JobStream(gateway, token_here, "rotated") as stream:
        stream.arrives(gateway, token_here, PROCESS, "before")
        stand.product.cli("keys", "rotate", "--now")
        new = stand.token("with-the-new-key")
        wait_until(lambda: grpc_topology(gateway, new)[0] is grpc.StatusCode.OK, FELT_SECONDS)
        stream.arrives(gateway, new, PROCESS, "after")

        assert header(new)["kid"] != header(token_here)["kid"]
        assert grpc_topology(gateway, token_here)[0] is grpc.StatusCode.OK
        assert stand.has_work_done(new, "java-worker")


def test_a_client_is_deleted_under_its_open_stream(stand: Disturbed, token_here: str) -> None:
    gateway = stand.product.gateway
    deleted = stand.token("deleted")
    with JobStream(gateway, deleted, "deleted") as own, JobStream(gateway, token_here, "unharmed") as other:
        own.arrives(gateway, token_here, PROCESS, "before")
        other.arrives(gateway, token_here, PROCESS, "before")
        stand.product.cli("clients", "delete", "deleted", "--yes")
        wait_until(lambda: grpc_topology(gateway, deleted)[0] is grpc.StatusCode.UNAUTHENTICATED, FELT_SECONDS)
        other.arrives(gateway, token_here, PROCESS, "after")
        # Open streams are not cut at once; that they end is what GATEKEY_STREAM_LIFE promises.
        wait_until(lambda: own.ended is not None, STREAM_LIFE + FELT_SECONDS)

    with JobStream(gateway, deleted, "deleted") as again:
        wait_until(lambda: again.ended is not None, FELT_SECONDS)

    assert again.ended is grpc.StatusCode.UNAUTHENTICATED
    assert own.names.count("before") >= 1


@pytest.mark.usefixtures("worker")
def test_envoy_dies_and_clients_go_on(stand: Disturbed, token_here: str) -> None:
    gateway = stand.product.gateway
    killed = stand.envoy()
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: grpc_topology(gateway, token_here)[0] is grpc.StatusCode.OK, RESTART_SECONDS)

    assert stand.envoy() not in {None, killed}
    assert stand.has_work_done(token_here, "java-worker")


@pytest.mark.usefixtures("worker")
def test_the_cluster_is_restarted_and_the_gateway_is_not(stand: Disturbed, token_here: str, cluster: Cluster) -> None:
    gateway, envoy = stand.product.gateway, stand.envoy()
    rest = variables(stand.folder / "steady.env")["ZEEBE_REST_ADDRESS"]
    stand.kill_cluster()
    code, _ = grpc_topology(gateway, token_here)
    answer = rest_topology(rest, token_here)
    stand.start_cluster()
    wait_until(lambda: grpc_topology(gateway, token_here)[0] is grpc.StatusCode.OK, RESTART_SECONDS)
    home = stand.folder / "zbctl"
    home.mkdir()
    status = Application(stand.folder / "steady.env", home).run(zbctl(), "--insecure", "status").stdout

    assert code is grpc.StatusCode.UNAVAILABLE
    assert (answer.status, answer.type, answer.body["status"]) == (503, "application/problem+json", 503)
    assert f"Gateway version: {cluster.version}" in status
    assert stand.envoy() == envoy
    assert stand.has_work_done(token_here, "java-worker")


def test_a_stream_stays_open_for_more_than_a_minute(waits: Waits, guarded: Product, token: str) -> None:
    waits.stream.arrives(guarded.gateway, token, PROCESS, "early")
    wait_out(waits)
    waits.stream.arrives(guarded.gateway, token, PROCESS, "late")

    assert waits.stream.ended is None


@pytest.mark.parametrize("protocol", ["grpc", "rest"])
def test_a_call_waits_for_a_job_for_more_than_a_minute(
    waits: Waits, guarded: Product, token: str, protocol: str
) -> None:
    waiting: Future[str] = getattr(waits, f"by_{protocol}")
    wait_out(waits)
    answered = waiting.done()
    start_instance(guarded.gateway, token, PROCESS, worker=f"lasting-{protocol}", name="at last")

    assert not answered
    assert waiting.result(MARGIN_SECONDS).isdigit()


def wait_out(waits: Waits) -> None:
    """
    Wait until all has been open for long enough: time itself is what is tried here.
    """
    wait_until(lambda: time.monotonic() - waits.began > WAIT_SECONDS, WAIT_SECONDS + MARGIN_SECONDS)


def test_the_worker_needed_one_token_for_all_of_that(stand: Disturbed, worker: list[str]) -> None:
    assert granted(stand.product, stand.folder / "worker.env", "zeebe-client-java") == 1
    assert [line for line in worker if line == "x"]
