"""Connections that begin with the PROXY protocol: read off the socket before TLS or HTTP sees a byte."""

import asyncio
import socket
from typing import assert_never

from gatekey.server.callers.address import read_address
from gatekey.server.callers.naming import Callers
from gatekey.server.callers.proxy_header import LONGEST_HEADER, Faulty, Relayed, Unfinished, read_proxy_header
from gatekey.server.run.http.server import Application, BoundedProtocol, HttpServer

HEADER_SECONDS = 5.0
"""For the whole header, which proxies send at once; the specification (section 2) asks for three seconds at least."""

RETRY_SECONDS = 1.0
"""Pause after an accept that failed, as asyncio makes: out of file descriptors, one more try at once fails as well."""

SILENT = "it is to begin connections with the PROXY protocol, but said nothing in time"


class NoHeaderError(Exception):
    """A connection is of no use; the text says why."""


class ProxiedServer(HttpServer):
    """
    Accepts connections itself: who is a trusted proxy has to begin with a
    PROXY header, from others none is taken.
    """

    _connections: set[asyncio.Task[None]]
    """Those whose header or handshake is not read yet."""
    _accepting: list[asyncio.Task[None]]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start accepting on the sockets."""
        await super().startup(sockets=[])
        self._connections = set()
        self._accepting = [asyncio.create_task(self._accept(listening)) for listening in sockets or ()]

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, then finish what is under way."""
        for task in (*self._accepting, *self._connections):
            task.cancel()
        await asyncio.gather(*self._accepting, *self._connections, return_exceptions=True)
        await super().shutdown(sockets)

    async def _accept(self, listening: socket.socket) -> None:
        listening.settimeout(0)
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(listening)
            except OSError:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            task = asyncio.create_task(self._begin(connection, address[0]))
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)

    async def _begin(self, connection: socket.socket, peer: str) -> None:
        """Hand a connection over to its protocol, after its PROXY header if it is to have one."""
        try:
            connection.settimeout(0)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            relayed = await _read_header(connection) if self._is_trusted(peer) else None
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: self._protocol(relayed), connection, ssl=self.config.ssl
            )
        except NoHeaderError as fault:
            connection.close()
            self._callers.doubt(peer, str(fault))
        except OSError:  # it is gone, or speaks no TLS (ssl.SSLError is one)
            connection.close()
        except BaseException:
            connection.close()
            raise

    @property
    def _callers(self) -> Callers:
        application: Application = self.config.loaded_app
        return application.callers

    def _is_trusted(self, peer: str) -> bool:
        address = read_address(peer)
        return address is not None and self._callers.trust.includes(address)

    def _protocol(self, relayed: Relayed | None) -> BoundedProtocol:
        protocol: BoundedProtocol = self.config.http_protocol_class(  # type: ignore[call-arg, assignment] # never a name of one, and never another one
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        protocol.relayed = relayed
        return protocol


async def _read_header(connection: socket.socket) -> Relayed:
    """
    Take the PROXY header off a connection, and not one byte more: TLS begins right after it. Raises `NoHeaderError`.

    So bytes are only looked at until the end of the header is among them; what is surely part of it is taken.
    """
    taken = b""
    try:
        async with asyncio.timeout(HEADER_SECONDS):
            while True:
                await _wait_for_bytes(connection)
                seen = connection.recv(LONGEST_HEADER, socket.MSG_PEEK)
                if not seen:
                    raise ConnectionAbortedError  # as checks do that only knock
                match read_proxy_header(taken + seen):
                    case Relayed() as relayed:
                        connection.recv(relayed.length - len(taken))
                        return relayed
                    case Faulty() as faulty:
                        raise NoHeaderError(faulty.reason)
                    case Unfinished():
                        taken += connection.recv(len(seen))
                    case never:
                        assert_never(never)
    except TimeoutError:
        raise NoHeaderError(SILENT) from None


async def _wait_for_bytes(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    waiting: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not waiting.done():
            waiting.set_result(None)

    loop.add_reader(connection, wake)
    try:
        await waiting
    finally:
        loop.remove_reader(connection)
