"""
django-oauth-toolkit with signed tokens: client credentials, SQLite, one RS256 token per request.

Served by `gunicorn django_server:app`; the environment says where the DATABASE is made. Two of its defaults would
decide the result alone, so they are changed in its favour: the secret is stored plain (hashed, each request pays a slow
password hash of about half a second), and tokens are signed here (its own are random text kept in the database).
"""

import os
import time
import uuid

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

LIFETIME = 86_400
"""Seconds, as Gatekey's tokens live."""

_KEY = RSAKey.generate_key(2048, {"kid": "bench", "use": "sig", "alg": "RS256"})


def sign(request: object, *_: object) -> str:
    """
    Return an access token; oauthlib calls this for every request.
    """
    now = int(time.time())
    client = getattr(request, "client_id", "")
    claims = {
        "iss": "http://127.0.0.1",
        "sub": client,
        "client_id": client,
        "aud": "https://zeebe.example.org",
        "iat": now,
        "exp": now + LIFETIME,
        "jti": uuid.uuid4().hex,
        "scope": " ".join(getattr(request, "scopes", None) or ()),
    }
    return jwt.encode({"alg": "RS256", "kid": "bench"}, claims, _KEY)


settings.configure(
    SECRET_KEY=uuid.uuid4().hex,
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "oauth2_provider"],
    MIDDLEWARE=[],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["DATABASE"],
            "CONN_MAX_AGE": None,
            "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"},
        }
    },
    OAUTH2_PROVIDER={
        "ACCESS_TOKEN_EXPIRE_SECONDS": LIFETIME,
        "ACCESS_TOKEN_GENERATOR": f"{__name__}.sign",
        "SCOPES": {"zeebe": "Zeebe"},
    },
)
django.setup()

from oauth2_provider.models import get_application_model  # noqa: E402 - models exist only after setup
from oauth2_provider.views import TokenView  # noqa: E402 - views read the models

call_command("migrate", verbosity=0)
get_application_model().objects.create(
    client_id="bench",
    client_secret="a-secret-of-the-benchmark-only-0123456789abcdef0123456789abcdef",  # noqa: S106 - made up
    hash_client_secret=False,
    client_type="confidential",
    authorization_grant_type="client-credentials",
)


def show_keys(_: HttpRequest) -> JsonResponse:
    """
    Return the public key, so that whoever measures can check a token.
    """
    return JsonResponse(KeySet([_KEY]).as_dict(private=False))


urlpatterns = [path("oauth/token", TokenView.as_view()), path("jwks", show_keys)]
app: WSGIHandler = get_wsgi_application()
