"""What a forked child must mend: locks that threads of its parent held, for those threads are not in the child."""

import os
from typing import Protocol
from weakref import WeakSet


class Mendable(Protocol):
    """Something with locks."""

    def after_fork(self) -> None:
        """Make its locks anew; called in the child, before anything else runs there."""


_mendable: WeakSet[Mendable] = WeakSet()


def mend_after_fork(one: Mendable) -> None:
    """Have it mended in every child, as long as it lives."""
    _mendable.add(one)


def _mend_all() -> None:
    for one in tuple(_mendable):
        one.after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_mend_all)
