import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from gatekey import AsyncTokenSource, DiskCache, Token
from gatekey.client.http import HttpRequest, HttpResponse
from gatekey.errors import RateLimited, TokenRefused
from support.endpoint import REFUSED, START, Endpoint, limited

T = TypeVar("T")


def name(token: Token) -> str:
    return token.access_token.reveal()


def played(play: Callable[[AsyncTokenSource, Endpoint], Awaitable[T]], **others: object) -> T:
    async def main() -> T:
        endpoint = Endpoint()
        return await play(AsyncTokenSource(**endpoint.async_options(**others)), endpoint)

    return asyncio.run(main())


def test_a_thousand_tasks_at_once_send_one_request() -> None:
    async def play(source: AsyncTokenSource, endpoint: Endpoint) -> None:
        tokens = await asyncio.gather(*(source.token() for _ in range(1000)))

        assert {"t1"} == {name(token) for token in tokens}
        assert {"Authorization": "Bearer t1"} == await source.headers()
        assert 1 == len(endpoint.requests)

    played(play)


def test_a_caller_that_is_cancelled_does_not_take_the_request_with_it() -> None:
    async def play(source: AsyncTokenSource, endpoint: Endpoint) -> None:
        asked, go = asyncio.Event(), asyncio.Event()

        async def slow(request: HttpRequest) -> HttpResponse:
            asked.set()
            await go.wait()
            return endpoint(request)

        source = AsyncTokenSource(**endpoint.async_options(transport=slow))
        impatient, patient = asyncio.create_task(source.token()), asyncio.create_task(source.token())
        await asked.wait()
        impatient.cancel()
        await asyncio.wait([impatient])
        go.set()

        assert "t1" == name(await patient)
        assert impatient.cancelled()
        assert 1 == len(endpoint.requests)

    played(play)


def test_others_keep_the_old_token_while_one_renews_beside() -> None:
    async def play(source: AsyncTokenSource, endpoint: Endpoint) -> None:
        await source.token()
        endpoint.now = START + 3500

        assert ["t1"] * 10 == [name(await source.token()) for _ in range(10)]
        for _ in range(100):
            await asyncio.sleep(0)
        assert "t2" == name(await source.token())
        assert 2 == len(endpoint.requests)

    played(play, background=True)


def test_a_call_may_renew_itself() -> None:
    async def play(source: AsyncTokenSource, endpoint: Endpoint) -> None:
        await source.token()
        endpoint.now = START + 3500

        assert "t2" == name(await source.token())

    played(play)


def test_a_failed_early_renewal_is_remembered_and_not_raised() -> None:
    async def play(source: AsyncTokenSource, endpoint: Endpoint) -> None:
        await source.token()
        endpoint.now = START + 3500
        endpoint.replies = [limited(60)]

        assert ["t1"] * 3 == [name(await source.token()) for _ in range(3)]
        assert 2 == len(endpoint.requests)

    played(play)


def test_errors_are_those_of_the_other_source_and_each_caller_has_its_own() -> None:
    async def play(source: AsyncTokenSource, endpoint: Endpoint) -> None:
        endpoint.replies = [REFUSED]
        errors = await asyncio.gather(*(source.token() for _ in range(20)), return_exceptions=True)

        assert {TokenRefused} == {type(error) for error in errors}
        assert 20 == len({id(error) for error in errors})
        assert "t1" == name(await source.token(fresh=True))
        endpoint.replies = [limited(600)]
        with pytest.raises(RateLimited):
            await source.token(fresh=True)
        assert 3 == len(endpoint.requests)

    played(play)


def test_an_api_that_refuses_a_token_gets_another_once() -> None:
    async def play(source: AsyncTokenSource, endpoint: Endpoint) -> None:
        first = await source.token()
        seconds = await asyncio.gather(*(source.token(instead_of=first) for _ in range(10)))

        assert {"t2"} == {name(token) for token in seconds}
        assert seconds[0] == await source.token(instead_of=seconds[0])
        assert 2 == len(endpoint.requests)

    played(play)


def test_a_limit_is_waited_out_without_blocking_the_loop() -> None:
    async def play(source: AsyncTokenSource, endpoint: Endpoint) -> None:
        endpoint.replies = [limited(7)]

        assert "t1" == name(await source.token())
        assert 1 == len(endpoint.slept)

    played(play)


def test_one_source_serves_several_loops_one_after_another() -> None:
    endpoint = Endpoint(lifetime=1)
    source = AsyncTokenSource(**endpoint.async_options())
    names = []
    for _ in range(3):
        names.append(name(asyncio.run(source.token())))
        endpoint.now += 10

    assert ["t1", "t2", "t3"] == names


def test_a_transport_that_blocks_is_left_to_a_thread(tmp_path: Path) -> None:
    endpoint = Endpoint()
    options = endpoint.async_options(transport=endpoint, cache=DiskCache(tmp_path))

    async def play() -> list[Token]:
        source = AsyncTokenSource(**options)
        return await asyncio.gather(*(source.token() for _ in range(10)))

    assert {"t1"} == {name(token) for token in asyncio.run(play())}
    assert 1 == len(endpoint.requests)


def test_an_object_that_is_awaited_when_called_is_a_transport_too() -> None:
    class LazyApp:
        def __init__(self, endpoint: Endpoint) -> None:
            self.endpoint = endpoint

        async def __call__(self, request: HttpRequest) -> HttpResponse:
            return self.endpoint(request)

    endpoint = Endpoint()
    source = AsyncTokenSource(**endpoint.async_options(transport=LazyApp(endpoint)))

    assert "t1" == name(asyncio.run(source.token()))


def test_a_loop_that_ends_in_the_middle_leaves_no_lock_behind(tmp_path: Path) -> None:
    endpoint = Endpoint()
    cache = DiskCache(tmp_path)

    async def never(_: HttpRequest) -> HttpResponse:
        await asyncio.Event().wait()
        raise AssertionError

    async def abandon() -> None:
        source = AsyncTokenSource(**endpoint.async_options(cache=cache, transport=never))
        task = asyncio.create_task(source.token())
        await asyncio.wait([task], timeout=0.2)
        task.cancel()

    asyncio.run(abandon())

    assert "t1" == name(asyncio.run(AsyncTokenSource(**endpoint.async_options(cache=cache)).token()))


def test_a_source_for_another_api_shares_all_but_the_audience() -> None:
    async def play(source: AsyncTokenSource, endpoint: Endpoint) -> None:
        assert "operate.camunda.io" == source.for_scope("Operate").settings.audience
        assert "t1" == name(await source.for_audience("mine").token())
        assert b"audience=mine" in endpoint.requests[0].body

    played(play)
