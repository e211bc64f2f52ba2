"""
What is measured: one line for each server.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Service(StrEnum):
    """
    A program that issues tokens.
    """

    GATEKEY = "Gatekey"
    NODE = "node-oidc-provider"
    AUTHLIB = "Authlib on Flask"
    DJANGO = "django-oauth-toolkit"


@dataclass(frozen=True, slots=True)
class Row:
    """
    One server under load; `settings` are Gatekey's own (`storm_shield` for GATEKEY_STORM_SHIELD).
    """

    name: str
    service: Service
    algorithm: str
    settings: Mapping[str, str] = field(default_factory=dict, hash=False)
    status: int = 200
    """What nearly every answer must be."""
    repeats: bool = False
    """Whether the same request gets the same token."""
    processor: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What the environment tells OpenSSL of the processor."""

    @property
    def signs(self) -> bool:
        """
        Whether there is a signature in every answer.
        """
        return self.status == 200 and not self.repeats


NEUTRAL: Mapping[str, str] = {
    "limit_rate": "1e9",
    "limit_burst": "1000000000",
    "limit_block_after": "1000000000",
    "storm_shield": "0",
    "workers": "1",
}
"""The limiter decides and remembers, and admits all; nothing answers in the signature's place. Of a row's own settings
each must be known to the product; of these, the ones that are."""

WITHOUT_IFMA: Mapping[str, str] = {"OPENSSL_ia32cap": ":~0x200000"}
"""Hides AVX-512 IFMA (CPUID leaf 7, EBX bit 21) from OpenSSL, whose RSA is two to three times as fast with it: the
same machine shows what processors without it do, on which all that surrounds a signature weighs less."""

DEFAULT_LIMIT: Mapping[str, str] = {"limit_rate": "1", "limit_burst": "10", "limit_block_after": "30"}

RS256 = Row("Gatekey RS256", Service.GATEKEY, "RS256")
RS256_PLAIN = Row("Gatekey RS256 without AVX-512 IFMA", Service.GATEKEY, "RS256", processor=WITHOUT_IFMA)
ES256 = Row("Gatekey ES256", Service.GATEKEY, "ES256", {"token_algorithm": "ES256"})
EDDSA = Row("Gatekey EdDSA", Service.GATEKEY, "EdDSA", {"token_algorithm": "EdDSA"})
SHIELDED = Row("Gatekey RS256, storm shield", Service.GATEKEY, "RS256", {"storm_shield": "30"}, repeats=True)
LIMITED = Row("Gatekey, all answers 429", Service.GATEKEY, "RS256", DEFAULT_LIMIT, status=429)
NODE_RS256 = Row("node-oidc-provider RS256", Service.NODE, "RS256")
NODE_ES256 = Row("node-oidc-provider ES256", Service.NODE, "ES256")
AUTHLIB_RS256 = Row("Authlib on Flask RS256", Service.AUTHLIB, "RS256")
AUTHLIB_ES256 = Row("Authlib on Flask ES256", Service.AUTHLIB, "ES256")
DJANGO_RS256 = Row("django-oauth-toolkit RS256", Service.DJANGO, "RS256")

ON_ONE_CORE = (
    RS256,
    RS256_PLAIN,
    ES256,
    EDDSA,
    SHIELDED,
    LIMITED,
    NODE_RS256,
    NODE_ES256,
    AUTHLIB_RS256,
    AUTHLIB_ES256,
    DJANGO_RS256,
)

ONE_WORKER = Row("Gatekey RS256, 1 worker", Service.GATEKEY, "RS256", {"workers": "1"})
TWO_WORKERS = Row("Gatekey RS256, 2 workers", Service.GATEKEY, "RS256", {"workers": "2"})

REFUSING = (ES256, RS256)
"""Where good and refused requests are compared: the first one that there is. The cheaper a good answer, the harder."""
