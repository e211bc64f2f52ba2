"""What can stand between this machine and a server, and what to do about it."""

from enum import StrEnum


class Obstacle(StrEnum):
    """Why a server could not be reached or understood; the value says it to people."""

    UNKNOWN_HOST = "the host name is not known"
    REFUSED = "nothing accepts connections there"
    TIMED_OUT = "no answer in time"
    UNTRUSTED = "its certificate is not trusted"
    DROPPED = "the connection broke off"
    NOT_HTTP = "it does not speak HTTP"
    NOT_TLS = "it does not speak TLS"
    UNUSABLE = "the address cannot be used"
    CERTIFICATES = "the certificates named for it cannot be used"
    OTHER = "the network reports an error"

    @property
    def passing(self) -> bool:
        """Whether trying again a little later can help."""
        return self not in LASTING

    @property
    def cure(self) -> str:
        """What to do about it."""
        return CURES[self]


LASTING = frozenset({Obstacle.UNTRUSTED, Obstacle.NOT_HTTP, Obstacle.NOT_TLS, Obstacle.UNUSABLE, Obstacle.CERTIFICATES})

CURES = {
    Obstacle.UNKNOWN_HOST: "Check the spelling of the host, and that this machine's DNS knows it.",
    Obstacle.REFUSED: "Check that the service runs, and its port.",
    Obstacle.TIMED_OUT: "Check firewalls, proxies (HTTPS_PROXY, NO_PROXY) and whether the service is overloaded.",
    Obstacle.UNTRUSTED: "Check the host; name a private certificate authority's file in SSL_CERT_FILE.",
    Obstacle.DROPPED: "Check whether http and https are confused, and the proxies in between.",
    Obstacle.NOT_HTTP: "Check the port, and whether http and https are confused.",
    Obstacle.NOT_TLS: "Check the port, and whether http and https are confused.",
    Obstacle.UNUSABLE: "Check the address in the credentials file.",
    Obstacle.CERTIFICATES: "Check that these files are there and PEM, without a passphrase.",
    Obstacle.OTHER: "Check this machine's network.",
}


class TransportFailure(Exception):
    """
    No HTTP answer came. Transports raise it, flows decide what follows; it leaves only as the cause of a
    TokenError.
    """

    def __init__(self, obstacle: Obstacle, detail: str = "") -> None:
        super().__init__(f"{obstacle} ({detail})" if detail else str(obstacle))
        self.obstacle = obstacle
        self.detail = detail
