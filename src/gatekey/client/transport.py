"""HTTP by the standard library: the edge that needs nothing installed."""

import errno
import http.client
import socket
import ssl
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from urllib.error import URLError

from gatekey.client.failures import TransportError, TransportErrorKind
from gatekey.client.http import HttpRequest, HttpResponse
from gatekey.errors import ConfigurationError

TIMEOUT = 10.0
"""Seconds for each step and for the whole body; the default of Camunda's Java and Go clients for token requests."""

BODY_LIMIT = 1024 * 1024
"""Bytes; token answers have about 2 KiB, a topology of many brokers some hundred."""

CHUNK = 64 * 1024

UNROUTABLE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH})

KINDS: tuple[tuple[tuple[type[Exception], ...], TransportErrorKind], ...] = (
    ((ssl.SSLCertVerificationError,), TransportErrorKind.UNTRUSTED),
    ((ssl.SSLEOFError, ConnectionResetError, ConnectionAbortedError, BrokenPipeError), TransportErrorKind.DROPPED),
    ((TimeoutError,), TransportErrorKind.TIMED_OUT),
    ((ssl.SSLError,), TransportErrorKind.NOT_TLS),
    ((socket.gaierror,), TransportErrorKind.UNKNOWN_HOST),
    ((ConnectionRefusedError,), TransportErrorKind.REFUSED),
    ((http.client.IncompleteRead,), TransportErrorKind.DROPPED),
    ((http.client.InvalidURL,), TransportErrorKind.UNUSABLE),
    ((http.client.HTTPException,), TransportErrorKind.NOT_HTTP),
    ((ValueError, URLError), TransportErrorKind.UNUSABLE),
)
"""The first that fits; special ones stand before the classes they derive from."""


@dataclass(frozen=True, slots=True)
class UrllibTransport:
    """
    Sends requests with `urllib`, trusting the machine's certificate authorities.

    `timeout` is in seconds. `proxy` is a URL; without one the environment says (`HTTPS_PROXY`, `NO_PROXY`), and `""`
    means none. `authorities` is a file (PEM) of authorities to trust besides the machine's; `certificate` and `key` are
    the files of a client certificate to show (mutual TLS).
    """

    timeout: float = TIMEOUT
    proxy: str | None = None
    authorities: str | None = None
    certificate: str | None = None
    key: str | None = None

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """
        Return the response of any status; redirects are not followed, they would carry the secret elsewhere.

        Raises `TransportError`, and `ConfigurationError` for certificates that cannot be used.
        """
        try:
            return self._exchange(request)
        except TransportError:
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise failure_of(error) from error

    def _exchange(self, request: HttpRequest) -> HttpResponse:
        deadline = time.monotonic() + self.timeout
        prepared = urllib.request.Request(  # noqa: S310 - the opener below knows no other schemes than http and https
            request.url, data=request.body or None, headers=dict(request.headers), method=request.method
        )
        with self._opener().open(prepared, timeout=self.timeout) as answer:
            body = bytearray()
            # A server that drips would never meet the socket's own timeout, which starts anew with every byte.
            while chunk := answer.read1(CHUNK):
                body += chunk
                if len(body) > BODY_LIMIT:
                    raise TransportError(TransportErrorKind.NOT_HTTP, "its answer is endless")
                if time.monotonic() > deadline:
                    raise TransportError(TransportErrorKind.TIMED_OUT)
            if answer.length:  # `read1` ends quietly where `read` would complain about a broken connection
                raise http.client.IncompleteRead(b"", answer.length)
            return HttpResponse(answer.status, tuple(answer.headers.items()), bytes(body))

    def _opener(self) -> urllib.request.OpenerDirector:
        """Return an opener without error and redirect handlers, so that every status comes back as it is."""
        proxies = None if self.proxy is None else {"http": self.proxy, "https": self.proxy} if self.proxy else {}
        opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(proxies),
            urllib.request.UnknownHandler(),
            urllib.request.HTTPHandler(),
            _SecureHandler(self.context),
        ):
            opener.add_handler(handler)
        return opener

    def context(self) -> ssl.SSLContext:
        """Return what TLS is spoken with. Raises `ConfigurationError` for certificates that cannot be used."""
        context = ssl.create_default_context()
        try:
            if self.authorities:
                context.load_verify_locations(self.authorities)
            if self.certificate:
                context.load_cert_chain(self.certificate, self.key, password=_no_password)
        except (OSError, ssl.SSLError, ValueError) as error:
            files = ", ".join(name for name in (self.authorities, self.certificate, self.key) if name)
            raise ConfigurationError(
                f"The certificates for the token endpoint cannot be used: {getattr(error, 'strerror', None) or error}.",
                hint=f"Check that these files are there and PEM, without a passphrase: {files}.",
            ) from error
        return context


def failure_of(error: Exception) -> TransportError:
    """Return the error that stands behind an exception of the network, TLS or HTTP modules."""
    cause = error.reason if isinstance(error, URLError) and isinstance(error.reason, Exception) else error
    return TransportError(_kind(cause), _detail(cause))


def _kind(error: Exception) -> TransportErrorKind:
    if isinstance(error, OSError) and error.errno in UNROUTABLE:
        return TransportErrorKind.TIMED_OUT
    return next((kind for kinds, kind in KINDS if isinstance(error, kinds)), TransportErrorKind.OTHER)


def _detail(error: Exception) -> str:
    """
    Return the system's own words for an error, where they add something; never what a peer sent, it may hold a
    token.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, OSError) and not isinstance(error, TimeoutError | URLError):
        return error.strerror or ""
    return ""


class _SecureHandler(urllib.request.AbstractHTTPHandler):
    """
    Opens https, and reads the machine's authorities only then: that takes
    longer than a whole request without TLS.
    """

    def __init__(self, trust: Callable[[], ssl.SSLContext]) -> None:
        super().__init__()
        self._trust = trust

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(http.client.HTTPSConnection, request, context=self._trust())

    https_request = urllib.request.AbstractHTTPHandler.do_request_


def _no_password() -> str:
    """Keep OpenSSL from asking at the terminal, where nobody may sit."""
    return ""
