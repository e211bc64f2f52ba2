"""
Authlib's Flask authorization server: client credentials, RFC 9068 access tokens, everything in memory.

Served by `gunicorn authlib_server:app`; the environment says which ALGORITHM signs. The key is parsed once and handed
over as an object: the JWKS dictionary that Authlib's documentation shows is imported anew for every token.
"""

import os

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from flask import Flask, Response
from joserfc.jwk import ECKey, KeySet, RSAKey

ALGORITHM = os.environ["ALGORITHM"]
RESOURCE = "https://zeebe.example.org"
LIFETIME = 86_400
"""Seconds, as Gatekey's tokens live."""

_PARAMETERS = {"kid": "bench", "use": "sig", "alg": ALGORITHM}
_KEY = RSAKey.generate_key(2048, _PARAMETERS) if ALGORITHM == "RS256" else ECKey.generate_key("P-256", _PARAMETERS)


class _Client(ClientMixin):
    """
    The one client; it may do client credentials with its secret in the form.
    """

    client_id = "bench"
    secret = "a-secret-of-the-benchmark-only-0123456789abcdef0123456789abcdef"

    def get_client_id(self) -> str:
        return self.client_id

    def get_allowed_scope(self, scope: str | None) -> str:
        return scope or ""

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == self.secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return (method, endpoint) == ("client_secret_post", "token")

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"


_CLIENT = _Client()


class _Grant(grants.ClientCredentialsGrant):
    """
    RFC 6749 section 4.4 with the secret in the form.
    """

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_post",)


class _Tokens(JWTBearerTokenGenerator):
    """
    Signs with the key that is kept; the audience is always the same.
    """

    keys = KeySet([_KEY])

    def get_jwks(self) -> KeySet:
        return self.keys

    def get_audiences(self, *_: object) -> str:
        return RESOURCE


app = Flask(__name__)
_server = AuthorizationServer(
    app,
    query_client=lambda client_id: _CLIENT if client_id == _CLIENT.client_id else None,
    save_token=lambda *_: None,
)
_server.register_grant(_Grant)
_server.register_token_generator(
    "default", _Tokens(issuer="http://127.0.0.1", alg=ALGORITHM, expires_generator=lambda *_: LIFETIME)
)


@app.post("/oauth/token")
def issue() -> Response:
    """
    Answer one token request.
    """
    return _server.create_token_response()


@app.get("/jwks")
def show_keys() -> dict[str, object]:
    """
    Return the public key, so that whoever measures can check a token.
    """
    return _Tokens.keys.as_dict(private=False)
