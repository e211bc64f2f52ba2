"""
Workers over one data folder, as several processes would have them, and clients that prove who they are.
"""

import atexit
import base64
import itertools
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gatekey.oauth.client_authentication import AssertionCredential, Credential, Method, SecretCredential
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.token_request import TokenRequest
from gatekey.server.clients.administration import NewClient
from gatekey.server.clients.model import ClientKey, Created
from gatekey.server.run.installation import Installation, open_installation
from gatekey.server.settings import Settings
from gatekey.server.signing_keys.keys import SigningKey, TokenType
from gatekey.server.storage.directory import Directory
from gatekey.server.storage.stores.revocation_store import SqlRevocationStore, SqlSpentAssertions
from gatekey.server.tokens.assertions import AssertionCheck
from gatekey.server.tokens.authentication import ClientAuthentication
from gatekey.server.tokens.model import Granted, IssuingPolicy, Refused
from gatekey.server.tokens.service import TokenService
from gatekey.server.tokens.token_life import TokenLife
from gatekey.server.tokens.verification import TokenCheck
from gatekey.server.vault.sealing import Seal

START = 1_900_000_000.0
"""A moment in 2030, after the signing key of every installation here was made."""

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
CURVES: dict[str, ec.EllipticCurve] = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
NUMBERS = itertools.count()


@dataclass
class Clock:
    """
    The time as everybody here is told it: seconds since 1970.
    """

    seconds: float = START

    def __call__(self) -> float:
        return self.seconds

    def as_time(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)


@dataclass(frozen=True)
class Worker:
    """
    What one process of the service has for itself.
    """

    directory: Directory
    tokens: TokenService
    life: TokenLife
    check: TokenCheck

    def ask(self, credential: Credential, audience: str | None = None) -> Granted | Refused:
        return self.tokens.answer(TokenRequest(credential, audience))

    def token(self, credential: Credential, audience: str | None = None) -> str:
        granted = self.ask(credential, audience)
        assert isinstance(granted, Granted), granted
        return granted.token.reveal()


@dataclass(frozen=True)
class Office:
    """
    An installation whose clock tests move.
    """

    installation: Installation
    clock: Clock = field(default_factory=Clock)

    def worker(self) -> Worker:
        """
        Return a new worker that shares nothing with others but the data folder.
        """
        installation, settings = self.installation, self.installation.settings
        site, master = installation.site, installation.master
        policy = IssuingPolicy(
            issuer=site.issuer,
            lifetime=settings.token_lifetime,
            audience_domain=site.audience_domain,
            gateway_hosts=frozenset({"localhost"}),
            token_type=TokenType(settings.token_form),
            shield_window=settings.storm_shield,
        )
        directory = Directory(installation.folder.database_path, Seal(master.derive("storage")), self.clock)
        assertions = AssertionCheck(
            SqlSpentAssertions(installation.database),
            frozenset({site.issuer, f"{site.issuer}/oauth/token"}),
            self.clock,
        )
        authentication = ClientAuthentication(directory, assertions, master.derive("client secrets"), self.clock)
        check = TokenCheck(directory, directory, policy, self.clock)
        return Worker(
            directory,
            TokenService(
                authentication,
                directory,
                directory,
                policy,
                master.derive("storm shield"),
                self.clock,
                lambda: f"token-{next(NUMBERS)}",
            ),
            TokenLife(authentication, check, SqlRevocationStore(installation.database), self.clock),
            check,
        )

    def create(self, *, scopes: tuple[str, ...] = ("Zeebe",), lifetime: int | None = None) -> Created:
        """
        Create an API client of the first cluster.
        """
        cluster = self.installation.clusters.all()[0]
        new = NewClient(
            f"client-{next(NUMBERS)}", scopes, cluster.cluster_id, cluster.organisation_id, "test", lifetime=lifetime
        )
        created = self.installation.clients.create(new)
        assert isinstance(created, Created), created
        return created

    def register(self, client_id: str, key: PrivateKey, kid: str | None = None) -> str:
        """
        Register the public half of a key and return its id.
        """
        text = json.dumps({**jwk_of(key), **({"kid": kid} if kid else {})})
        outcome = self.installation.client_keys.register(client_id, text, by="test")
        assert isinstance(outcome, tuple), outcome
        [registered] = outcome
        assert isinstance(registered, ClientKey)
        return registered.key_id


@contextmanager
def opened_office(folder: Path, **settings: Any) -> Iterator[Office]:
    """
    Open a new installation. All that sign alike have the same signing key: making one takes long.
    """
    shutil.copytree(_template(settings.get("token_algorithm", "RS256")), folder)
    with closing(open_installation(Settings(data=folder, **settings))) as installation:
        clock = Clock()
        yield Office(
            replace(
                installation,
                clients=replace(installation.clients, now=clock.as_time),
                secrets=replace(installation.secrets, now=clock.as_time),
                client_keys=replace(installation.client_keys, now=clock.as_time),
            ),
            clock,
        )


@cache
def _template(algorithm: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="gatekey-template-"))
    atexit.register(shutil.rmtree, folder)
    open_installation(Settings(data=folder / "data", token_algorithm=algorithm), create=True).close()
    return folder / "data"


def by_secret(created: Created, secret: SecretText | None = None) -> SecretCredential:
    """
    Return what a client shows that has this secret, or the one it was created with.
    """
    return SecretCredential(created.client.client_id, created.secret if secret is None else secret, Method.POST)


def by_assertion(client_id: str, assertion: str) -> AssertionCredential:
    """
    Return what a client shows that signed this assertion.
    """
    return AssertionCredential(client_id, SecretText(assertion))


def good_claims(client_id: str, audience: object, now: float) -> dict[str, Any]:
    """
    Return the claims of an assertion as RFC 7523 section 3 wants them.
    """
    return {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": f"assertion-{next(NUMBERS)}",
        "iat": int(now),
        "exp": int(now) + 300,
    }


def sign_assertion(key: PrivateKey, algorithm: str, claims: Any, **header: Any) -> str:
    """
    Return a compact JWS, whatever nonsense header and claims are; `claims` may be the payload's very bytes.
    """
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    head = {"alg": algorithm, **{name: value for name, value in header.items() if value is not None}}
    message = f"{encode(json.dumps(head).encode())}.{encode(payload)}"
    return f"{message}.{encode(_signature(key, algorithm, message.encode()))}"


def _signature(key: PrivateKey, algorithm: str, message: bytes) -> bytes:
    digest = HASHES.get(algorithm[2:], hashes.SHA256())
    if isinstance(key, rsa.RSAPrivateKey):
        scheme = padding.PSS(padding.MGF1(digest), digest.digest_size) if algorithm[0] == "P" else padding.PKCS1v15()
        return key.sign(message, scheme, digest)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(digest)))
        size = (key.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    return key.sign(message)


def encode(raw: bytes) -> str:
    """
    Return base64url without padding.
    """
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def jwk_of(key: PrivateKey) -> dict[str, str]:
    """
    Return the public half as a JWK, written here by hand so that it does not come from what is tested.
    """
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return {"kty": "RSA", "n": encode(numbers.n.to_bytes(key.key_size // 8, "big")), "e": "AQAB"}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point, size = key.public_key().public_numbers(), (key.key_size + 7) // 8
        curve = {256: "P-256", 384: "P-384", 521: "P-521"}[key.key_size]
        x, y = (encode(value.to_bytes(size, "big")) for value in (point.x, point.y))
        return {"kty": "EC", "crv": curve, "x": x, "y": y}
    return {"kty": "OKP", "crv": "Ed25519", "x": encode(key.public_key().public_bytes_raw())}


def pem_of(key: PrivateKey) -> str:
    """
    Return the public half as PEM.
    """
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@cache
def a_key(algorithm: str) -> PrivateKey:
    """
    Return a key that signs with this algorithm; always the same one, as making one takes long.
    """
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm])
    if algorithm in {"EdDSA", "Ed25519"}:
        return ed25519.Ed25519PrivateKey.generate()
    return _rsa_key()


@cache
def _rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def signing_keys_of(worker: Worker) -> list[SigningKey]:
    """
    Return the keys that verifiers are told of.
    """
    return list(worker.directory.published_keys())
