"""
Performs a flow's steps by blocking; an asynchronous driver is the same lines with `await`.
"""

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from gatekey.client.flow import Flow, Send
from gatekey.client.obstacle import TransportFailure
from gatekey.wire.http import HttpRequest, HttpResponse

T = TypeVar("T")

Transport: TypeAlias = Callable[[HttpRequest], HttpResponse]
"""Sends one request, follows no redirect, returns the response of any status, raises only `TransportFailure`."""


def drive(flow: Flow[T], transport: Transport, sleep: Callable[[float], None]) -> T:
    """
    Run the flow to its end and return its result; what the flow raises is raised here.
    """
    try:
        step = next(flow)
        while True:
            if isinstance(step, Send):
                try:
                    response = transport(step.request)
                except TransportFailure as failure:
                    step = flow.throw(failure)
                else:
                    step = flow.send(response)
            else:
                sleep(step.seconds)
                step = flow.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
