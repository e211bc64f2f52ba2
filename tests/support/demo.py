"""
A demo cluster in a process of its own, as `gatekey demo-cluster` runs it.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.ports import free_port

GATEKEY = Path(sys.executable).with_name("gatekey")
END_SECONDS = 20.0
"""A bound against hanging, not an expectation."""


@dataclass(frozen=True, slots=True)
class RunningDemo:
    """
    Where it listens, what it said of itself, and its process.
    """

    grpc: str
    rest: str
    said: str
    process: subprocess.Popen[str]

    def kill(self) -> None:
        """
        End it as `kill -9` does.
        """
        self.process.kill()
        self.process.wait(END_SECONDS)


@contextmanager
def demo_cluster(addresses: tuple[str, str] | None = None) -> Iterator[RunningDemo]:
    """
    Run one until the block ends, at the addresses of gRPC and REST if they are given.
    """
    grpc, rest = addresses or (f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}")
    command = [str(GATEKEY), "demo-cluster", "--grpc", grpc, "--rest", rest]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        # It says what it is when both addresses answer.
        yield RunningDemo(grpc, f"http://{rest}", process.stdout.readline(), process)
    finally:
        process.terminate()
        process.wait(END_SECONDS)
        process.stdout.close()
