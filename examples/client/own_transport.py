"""
Send token requests by an HTTP client of your own, with its proxies, certificates and retries off:
`python own_transport.py my-app.env`.
"""

import sys

import httpx

from gatekey import TokenSource
from gatekey.client.failures import TransportError, TransportErrorKind
from gatekey.client.http import HttpRequest, HttpResponse


def send(request: HttpRequest) -> HttpResponse:
    try:
        answer = client.request(request.method, request.url, headers=dict(request.headers), content=request.body)
    except httpx.TransportError as error:
        raise TransportError(TransportErrorKind.OTHER, type(error).__name__) from error
    return HttpResponse(answer.status_code, tuple(answer.headers.items()), answer.content)


with httpx.Client(follow_redirects=False, timeout=10) as client:
    token = TokenSource(sys.argv[1], transport=send).token()
print("good until", token.expires_at)
