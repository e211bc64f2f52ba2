"""
What a fork does to locks, in an interpreter of its own: other tests leave threads behind, and those would be forked.
"""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[3]

PROGRAM = """
import os
from gatekey import MemoryCache, TokenSource
from support.endpoint import Endpoint

cache = MemoryCache()
source = TokenSource(**Endpoint().options(cache=cache))
taken = cache.lock(source._plan.key)  # the very lock that another thread would hold
assert taken
child = os.fork()
if child == 0:
    os._exit(0 if source.token().access_token.reveal() == "t1" else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert cache.lock(source._plan.key) is None
print("both went on")
"""


def test_a_child_does_not_wait_for_threads_of_its_parent() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ("both went on\n", "") == (done.stdout, done.stderr)
