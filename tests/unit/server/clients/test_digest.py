import hashlib
import hmac

import pytest

from gatekey.server.clients.digest import digest_secret


def test_the_digest_is_hmac_sha_256_as_another_implementation_computes_it() -> None:
    assert hmac.new(b"p" * 32, b"a-secret", hashlib.sha256).digest() == digest_secret(b"p" * 32, "a-secret")


@pytest.mark.parametrize(("pepper", "secret"), [(b"q" * 32, "a-secret"), (b"p" * 32, "a-secret "), (b"", "a-secret")])
def test_another_pepper_or_another_secret_gives_another_digest(pepper: bytes, secret: str) -> None:
    assert digest_secret(b"p" * 32, "a-secret") != digest_secret(pepper, secret)
