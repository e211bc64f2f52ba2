import os
import threading

from gatekey import MemoryCache, TokenSource
from gatekey.client.caching.ports import Key
from gatekey.wire.secret_text import SecretText
from support.endpoint import Endpoint

KEY = Key("https://localhost/oauth/token", "id", None, None, SecretText("hidden"))


def exit_code_of_child(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_child_does_not_wait_for_threads_of_its_parent() -> None:
    cache = MemoryCache()
    source = TokenSource(**Endpoint().options(cache=cache))
    release = cache.lock(source._plan.key)  # noqa: SLF001 - the very lock that another thread would hold
    assert release
    assert not [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    child = os.fork()
    if child == 0:
        os._exit(0 if source.token().access_token.reveal() == "t1" else 1)

    assert 0 == exit_code_of_child(child)
    assert cache.lock(source._plan.key) is None  # noqa: SLF001 - see above
