"""Call an API by requests: `python with_requests.py my-app.env http://localhost:26600/v2/topology`."""

import sys

import requests

from gatekey import TokenSource
from gatekey.client.integrations.requests import TokenAuth

file, url = sys.argv[1:]
with requests.Session() as session:
    session.auth = TokenAuth(TokenSource(file))
    answer = session.get(url, timeout=10)
print(answer.status_code, answer.text)
