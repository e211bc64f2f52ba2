"""
How each library is used by who follows its documentation: one object for the process, asked before every call.

Each maker returns a function that gets a token and raises where there is none.
"""

import logging
import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from benchmarks.client.endpoint import issuer_of

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # oauthlib, and pyzeebe with it, measure on loopback too

Ask = Callable[[], object]
AskAsync = Callable[[], Awaitable[object]]

OURS = "gatekey"
ID, SECRET, AUDIENCE = "my-app", "secret", "zeebe.camunda.io"


def gatekey(url: str, **options: Any) -> Ask:
    from gatekey import MemoryCache, TokenSource

    told: dict[str, Any] = {"cache": MemoryCache(), "patience": 0, **options}
    source = TokenSource(token_url=url, client_id=ID, client_secret=SECRET, audience=AUDIENCE, **told)
    return source.token


def gatekey_async(url: str) -> AskAsync:
    from gatekey import AsyncTokenSource, MemoryCache

    source = AsyncTokenSource(
        token_url=url, client_id=ID, client_secret=SECRET, audience=AUDIENCE, cache=MemoryCache(), patience=0
    )
    return source.token


def pyzeebe(url: str) -> Ask:
    from pyzeebe.credentials.oauth import Oauth2ClientCredentialsMetadataPlugin

    logging.getLogger("pyzeebe.credentials.oauth").setLevel(logging.CRITICAL)
    plugin = Oauth2ClientCredentialsMetadataPlugin(ID, SECRET, url, audience=AUDIENCE)

    def ask() -> object:
        failures: list[Any] = []
        plugin(None, lambda _, error: failures.append(error))
        if failures[0]:
            raise failures[0]
        return plugin

    return ask


def camunda_sdk(url: str) -> Ask:
    from camunda_orchestration_sdk.runtime.auth import OAuthClientCredentialsAuthProvider

    provider = OAuthClientCredentialsAuthProvider(
        oauth_url=url, client_id=ID, client_secret=SECRET, audience=AUDIENCE, disk_cache_disable=True
    )
    return provider.get_headers


def camunda_sdk_async(url: str) -> AskAsync:
    from camunda_orchestration_sdk.runtime.auth import AsyncOAuthClientCredentialsAuthProvider

    provider = AsyncOAuthClientCredentialsAuthProvider(
        oauth_url=url, client_id=ID, client_secret=SECRET, audience=AUDIENCE, disk_cache_disable=True
    )
    return provider.aget_headers


EXPIRED = {"access_token": "old", "token_type": "Bearer", "expires_at": 1}
"""Authlib gets a token by itself only in place of an old one."""


def authlib(url: str) -> Ask:
    from authlib.integrations.requests_client import OAuth2Session

    session = OAuth2Session(ID, SECRET, token_endpoint=url, token=dict(EXPIRED), grant_type="client_credentials")

    def ask() -> object:
        session.ensure_active_token(session.token)
        return session.token

    return ask


def authlib_async(url: str) -> AskAsync:
    from authlib.integrations.httpx_client import AsyncOAuth2Client

    session = AsyncOAuth2Client(ID, SECRET, token_endpoint=url, token=dict(EXPIRED), grant_type="client_credentials")

    async def ask() -> object:
        await session.ensure_active_token(session.token)
        return session.token

    return ask


def requests_oauthlib(url: str) -> Ask:
    from oauthlib.oauth2 import BackendApplicationClient
    from requests_oauthlib import OAuth2Session

    session = OAuth2Session(client=BackendApplicationClient(ID))
    fetch = partial(session.fetch_token, url, client_id=ID, client_secret=SECRET)

    def ask() -> object:
        return session.token if session.authorized else fetch()

    return ask


def google_auth(url: str) -> Ask:
    import requests
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from google.auth.transport.requests import Request
    from google.oauth2 import service_account

    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    told = {"client_email": ID, "private_key": pem, "token_uri": url}
    credentials = service_account.Credentials.from_service_account_info(told, scopes=[AUDIENCE])
    request = Request(requests.Session())

    def ask() -> object:
        headers: dict[str, str] = {}
        credentials.before_request(request, "GET", "http://localhost/", headers)
        return headers

    return ask


class Plaintext:
    """
    An HTTP client that msal takes for one that speaks TLS: on loopback there is none, and msal insists on it.
    """

    def __init__(self) -> None:
        import requests

        self._session = requests.Session()

    def get(self, url: str, **options: Any) -> Any:
        return self._session.get(url.replace("https://", "http://"), **options)

    def post(self, url: str, **options: Any) -> Any:
        return self._session.post(url.replace("https://", "http://"), **options)

    def close(self) -> None:
        self._session.close()


def msal(url: str) -> Ask:
    from msal import ConfidentialClientApplication

    application = ConfidentialClientApplication(
        ID, SECRET, oidc_authority=issuer_of(url).replace("http://", "https://"), http_client=Plaintext()
    )

    def ask() -> object:
        answer = application.acquire_token_for_client([AUDIENCE])
        if "access_token" not in answer:
            raise RuntimeError(answer.get("error"))
        return answer

    return ask


SYNC: dict[str, Callable[[str], Ask]] = {
    OURS: gatekey,
    "pyzeebe": pyzeebe,
    "camunda-orchestration-sdk": camunda_sdk,
    "Authlib": authlib,
    "requests-oauthlib": requests_oauthlib,
    "google-auth": google_auth,
    "msal": msal,
}
ASYNC: dict[str, Callable[[str], AskAsync]] = {
    OURS: gatekey_async,
    "camunda-orchestration-sdk": camunda_sdk_async,
    "Authlib": authlib_async,
}
