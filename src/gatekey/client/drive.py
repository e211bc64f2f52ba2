"""Performs a flow's steps, one by one; the two drivers differ in `await` and nothing else."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from gatekey.client.flow import Flow, Reply, Step
from gatekey.client.obstacle import TransportFailure

T = TypeVar("T")


def drive(flow: Flow[T], perform: Callable[[Step], Reply]) -> T:
    """
    Run the flow to its end and return its result; what the flow raises is raised here.

    A `TransportFailure` of a step is thrown into the flow, which decides what follows.
    """
    try:
        step = next(flow)
        while True:
            try:
                reply = perform(step)
            except TransportFailure as failure:
                step = flow.throw(failure)
            else:
                step = flow.send(reply)
    except StopIteration as end:
        result: T = end.value
        return result


async def drive_async(flow: Flow[T], perform: Callable[[Step], Awaitable[Reply]]) -> T:
    """Do as `drive` does, where performing a step is awaited."""
    try:
        step = next(flow)
        while True:
            try:
                reply = await perform(step)
            except TransportFailure as failure:
                step = flow.throw(failure)
            else:
                step = flow.send(reply)
    except StopIteration as end:
        result: T = end.value
        return result
