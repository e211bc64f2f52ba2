import json
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from gatekey.client.config.authentication import token_request
from gatekey.client.config.settings import ClientSettings
from gatekey.client.integrations.private_key import PrivateKeyJwt
from gatekey.errors import ConfigurationError
from gatekey.oauth.secret_text import SecretText

NOW = 1_800_000_000.0
SETTINGS = ClientSettings("https://host/oauth/token", "my-app", SecretText(""), None)
RSA = rsa.generate_private_key(65537, 2048)
P256 = ec.generate_private_key(ec.SECP256R1())


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def written(folder: Path, content: bytes) -> Path:
    path = folder / "key.pem"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256"])
def test_another_implementation_takes_the_statement(tmp_path: Path, algorithm: str) -> None:
    key = P256 if algorithm == "ES256" else RSA
    chosen = "PS256" if algorithm == "PS256" else None
    authentication = PrivateKeyJwt.read(written(tmp_path, pem(key)), key_id="k", algorithm=chosen)  # type: ignore[arg-type] # one of its words
    fields = dict(parse_qsl(token_request(SETTINGS, NOW, authentication).body.decode()))
    public = (ECKey if algorithm == "ES256" else RSAKey).import_key(pem(key))

    token = jwt.decode(fields["client_assertion"], public, algorithms=[algorithm])

    assert {"alg": algorithm, "typ": "JWT", "kid": "k"} == token.header
    assert {"iss": "my-app", "sub": "my-app", "aud": "https://host/oauth/token", "iat": NOW, "exp": NOW + 60} == {
        name: value for name, value in token.claims.items() if name != "jti"
    }
    assert "client_secret" not in fields


def test_no_statement_is_made_twice(tmp_path: Path) -> None:
    authentication = PrivateKeyJwt.read(written(tmp_path, pem(P256)), audience="https://issuer")

    bodies = {token_request(SETTINGS, NOW, authentication).body for _ in range(3)}

    assert 3 == len(bodies)
    assert not authentication.needs_secret


def test_the_key_tells_credentials_apart_and_is_not_shown(tmp_path: Path) -> None:
    one = PrivateKeyJwt.read(written(tmp_path, pem(P256)))
    other = PrivateKeyJwt.read(written(tmp_path, pem(RSA)))

    assert one.fingerprint(SETTINGS) != other.fingerprint(SETTINGS)
    assert "PRIVATE" not in repr(one) + json.dumps(str(one))


@pytest.mark.parametrize("content", [None, b"no PEM", pem(ed25519.Ed25519PrivateKey.generate())])
def test_a_key_that_cannot_be_used_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = written(tmp_path, content) if content else tmp_path / "missing"

    with pytest.raises(ConfigurationError, match=str(path)):
        PrivateKeyJwt.read(path)
