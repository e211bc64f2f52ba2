"""Call an API by urllib3: `python with_urllib3.py my-app.env http://localhost:26600/v2/topology`."""

import sys

import urllib3

from gatekey import TokenSource
from gatekey.client.integrations.urllib3 import TokenPool

file, url = sys.argv[1:]
answer = TokenPool(urllib3.PoolManager(), TokenSource(file)).request("GET", url)
print(answer.status, answer.data.decode())
