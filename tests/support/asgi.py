"""
ASGI applications behind a real server on loopback.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from gatekey.server.gateway.policy.model import Address
from support.ports import free_port
from support.waiting import PATIENCE, wait_until


@contextmanager
def served_application(application: Any) -> Iterator[Address]:
    """
    Serve `application` on a free port until the block ends.
    """
    address = Address("127.0.0.1", free_port())
    server = uvicorn.Server(uvicorn.Config(application, port=address.port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started)
        yield address
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
