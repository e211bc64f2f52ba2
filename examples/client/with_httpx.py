"""Call an API by httpx: `python with_httpx.py my-app.env http://localhost:26600/v2/topology`."""

import sys

import httpx

from gatekey import TokenSource
from gatekey.client.integrations.httpx import TokenAuth

file, url = sys.argv[1:]
with httpx.Client(auth=TokenAuth(TokenSource(file))) as client:
    answer = client.get(url)
print(answer.status_code, answer.text)
