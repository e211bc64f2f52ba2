"""Locks in a forked child: those that threads of its parent held must be made anew, for these threads are not there."""

import os
from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")

_renewals: "WeakKeyDictionary[Any, Callable[[Any], None]]" = WeakKeyDictionary()


def after_fork(one: T, renew_locks: Callable[[T], None]) -> None:
    """Have `renew_locks` called with an object in every child, before anything else runs there, as long as it lives."""
    _renewals[one] = renew_locks


def _renew_all() -> None:
    for one, renew_locks in tuple(_renewals.items()):
        renew_locks(one)


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_renew_all)
