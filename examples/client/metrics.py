"""Count what a source does: `python metrics.py my-app.env`. Feed the counters to whatever collects yours."""

import sys
from collections import Counter

from gatekey import TokenSource
from gatekey.client.events import Event

counters: Counter[str] = Counter()


def count(event: Event) -> None:
    counters[type(event).__name__] += 1


tokens = TokenSource(sys.argv[1], listener=count)
for _ in range(1000):
    tokens.token()
print(dict(counters))
