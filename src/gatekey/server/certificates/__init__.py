"""
TLS: the certificate that the service and the gateway show.

Owns the folder with the certificate served now, where it comes from (a local certificate authority of this
installation, or files of the operator), and its renewal. Refuses to open sockets; `serving` and the gateway read the
files, and read them again when they change. Serves `app`.
"""

from gatekey.server.certificates.folder import TlsFolder
from gatekey.server.certificates.names import wanted_names

__all__ = ["TlsFolder", "wanted_names"]
