"""
uvicorn's HTTP/1.1, held to two promises that it does not make itself.
"""

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT = 64 * 1024
"""Bytes; four times what nginx and Envoy pass on. uvicorn would keep an endless head in memory."""


class _HeadTooLarge(Exception):
    """
    Raised to the parser, which ends the connection with 400.
    """


class HttpProtocol(HttpToolsProtocol):
    """
    Refuses heads that are too large, and answers requests that offer an upgrade as if they had not, body included
    (RFC 9110 section 7.8): Java's own HttpClient and `curl --http2` offer `h2c` with their first request.
    """

    _head_size = 0
    _in_head = True
    _offers_upgrade = False

    def data_received(self, data: bytes) -> None:
        """
        Take what came in.
        """
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._read_again_without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self.logger.warning("Invalid HTTP request received.")
            self.send_400_response("Invalid HTTP request received.")
        else:
            self._head_size = self._head_size + len(data) if self._in_head else 0
            if self._head_size > HEAD_LIMIT:
                self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        """
        Start with an empty head.
        """
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """
        Check the size, and hold back what has to be read again.
        """
        self._in_head = False
        if sum(len(name) + len(value) + 4 for name, value in self.headers) > HEAD_LIMIT:
            raise _HeadTooLarge
        self._offers_upgrade = self.parser.should_upgrade()
        if not self._offers_upgrade:
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """
        End the body, unless it has not been read yet.
        """
        if not self._offers_upgrade:
            super().on_message_complete()

    def _read_again_without_upgrade(self, rest: bytes) -> None:
        method, version = self.parser.get_method(), self.parser.get_http_version()
        if method == b"CONNECT":
            self.send_400_response("Invalid HTTP request received.")
            return
        kept = [(name, value) for name, value in self.headers if name not in {b"connection", b"upgrade"}]
        head = b"".join(
            [b"%s %s HTTP/%s\r\n" % (method, self.url, version.encode()), *(b"%s: %s\r\n" % h for h in kept)]
        )
        self._offers_upgrade = False
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(head + b"\r\n" + rest)
