"""
A program that gets a token from the shared folder, as its own process; run by path, told what to do as JSON.

Prints a JSON list: the token of each thread, or the code of its error.
"""

import json
import os
import resource
import signal
import sys
import threading
from typing import Any

from gatekey import DiskCache, TokenError, TokenSource
from gatekey.client.http import HttpRequest, HttpResponse
from gatekey.client.transport import UrllibTransport


def die(*_: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def dying_before_sending(_: HttpRequest) -> HttpResponse:
    response: HttpResponse = die()
    return response


def dying_with_the_answer(request: HttpRequest) -> HttpResponse:
    UrllibTransport()(request)
    response: HttpResponse = die()
    return response


def main() -> None:
    told = json.loads(sys.argv[1])
    options: dict[str, Any] = {**told["options"], "cache": DiskCache(told["folder"])}
    match told.get("dies"):
        case "before sending":
            options["transport"] = dying_before_sending
        case "with the answer":
            options["transport"] = dying_with_the_answer
        case "while writing":
            setattr(os, "fsync", die)  # noqa: B010 - no function of its kind
        case "before renaming":
            setattr(os, "replace", die)  # noqa: B010 - no function of its kind
            setattr(os, "rename", die)  # noqa: B010 - no function of its kind
    if told.get("disk_full"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    source, results, begin = TokenSource(**options), [], threading.Barrier(told.get("threads", 1))

    def ask() -> None:
        begin.wait()
        try:
            results.append(source.token().access_token.reveal())
        except TokenError as error:
            results.append(error.code)

    threads = [threading.Thread(target=ask) for _ in range(told.get("threads", 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(results))  # noqa: T201 - its answer


main()
