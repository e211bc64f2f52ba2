"""
Job streams held open by the bare protocol, and jobs to send down them.
"""

import json
import threading
import time
from pathlib import Path
from typing import Self

import grpc
from pyzeebe.proto import gateway_pb2, gateway_pb2_grpc

from real.calls import CALL_SECONDS, bearer, start_instance
from support.waiting import PATIENCE

ARRIVING_SECONDS = 2.0
"""Until the next job is sent after one that did not arrive: a stream gets only jobs made after it was known."""


class JobStream:
    """
    A stream of the jobs of one type: what arrived on it, and whether it ended.
    """

    def __init__(self, address: str, token: str, worker: str) -> None:
        wanted = gateway_pb2.StreamActivatedJobsRequest(type=worker, worker="tests", timeout=CALL_SECONDS * 1000)
        self.worker = worker
        self.names: list[str] = []
        self.ended: grpc.StatusCode | None = None
        # A connection of its own, so that what happens to one stream could not be hidden by another.
        self._channel = grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])
        # No time limit of its own: whoever ends it is somebody else.
        self._call = gateway_pb2_grpc.GatewayStub(self._channel).StreamActivatedJobs(wanted, metadata=bearer(token))
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._call.cancel()
        self._thread.join(PATIENCE)
        self._channel.close()

    def _read(self) -> None:
        try:
            for job in self._call:
                self.names.append(json.loads(job.variables)["name"])
        except grpc.RpcError:
            pass  # the status below tells
        self.ended = self._call.code()

    def arrives(self, address: str, token: str, process: Path, name: str) -> None:
        """
        Make jobs called `name` until one came. Raises AssertionError when none does.
        """
        deadline = time.monotonic() + PATIENCE
        while name not in self.names:
            assert self.ended is None, f"the stream ended with {self.ended}"
            assert time.monotonic() < deadline, f"no job came: {self.names}"
            start_instance(address, token, process, worker=self.worker, name=name)
            came = time.monotonic() + ARRIVING_SECONDS
            while name not in self.names and time.monotonic() < came:
                time.sleep(0.01)
