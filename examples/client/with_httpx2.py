"""Call an API by httpx2: `python with_httpx2.py my-app.env http://localhost:26600/v2/topology`."""

import sys

import httpx2

from gatekey import TokenSource
from gatekey.client.integrations.httpx2 import TokenAuth

file, url = sys.argv[1:]
with httpx2.Client(auth=TokenAuth(TokenSource(file))) as client:
    answer = client.get(url)
print(answer.status_code, answer.text)
