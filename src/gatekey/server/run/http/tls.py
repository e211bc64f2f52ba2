"""TLS on our own port, with a certificate that can change while connections live."""

import asyncio
import socket
import ssl
from urllib.parse import urlsplit

from gatekey.server.certificates import TlsFolder, wanted_names
from gatekey.server.events.model import Failed
from gatekey.server.events.ports import Observer
from gatekey.server.run.clock import utc_now
from gatekey.server.run.installation import Installation

WATCH_SECONDS = 1.0
"""How often the folder is looked at: one `readlink`."""


def keep_certificate(installation: Installation) -> bool:
    """See to it that a good certificate is served, if any; return whether it is a new one. Raises `ServiceError`."""
    if installation.tls is None:
        return False
    settings, site = installation.settings, installation.site
    machine = socket.gethostname()
    places = [settings.http, settings.gateway, site.gateway, urlsplit(site.public_url).netloc, machine]
    regions = [cluster.region for cluster in installation.clusters.all()] if site.domain else []
    return installation.tls.keep(wanted_names(places, site.domain, regions), machine, utc_now())


class Certificates:
    """The TLS context of one process: every handshake gets the certificate that is served at that moment."""

    def __init__(self, folder: TlsFolder, observer: Observer) -> None:
        self._folder = folder
        self._observer = observer
        self._version = folder.version
        self._current = _context(folder)
        self.context = _context(folder)
        # A fresh context for each certificate: loading a second one into a context would leave the first one in it
        # whenever their keys are of different kinds.
        self.context.sni_callback = self._choose

    async def watch(self) -> None:
        """Take over every new certificate, until cancelled."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            self.look()

    def look(self) -> None:
        """Take over a new certificate if there is one."""
        try:
            version = self._folder.version
            if version != self._version:
                self._current, self._version = _context(self._folder), version
        except OSError as error:  # ssl.SSLError is one; the old certificate is shown on
            self._observer.tell(Failed("certificate", str(error)))

    def _choose(self, connection: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _: ssl.SSLContext) -> None:
        connection.context = self._current


def _context(folder: TlsFolder) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(*folder.files)
    return context
