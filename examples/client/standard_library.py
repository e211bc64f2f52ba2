"""Call an API with nothing but Python: `python standard_library.py my-app.env http://localhost:26600/v2/topology`."""

import sys
import urllib.request

from gatekey import TokenSource

file, url = sys.argv[1:]
tokens = TokenSource(file)
request = urllib.request.Request(url, headers=tokens.headers())
with urllib.request.urlopen(request) as answer:
    print(answer.status, answer.read().decode())
