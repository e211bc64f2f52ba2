"""
What the rest of the service asks of a limiter, wherever it keeps its state.
"""

from typing import Protocol

from gatekey.server.limiting.model import Verdict


class Limiter(Protocol):
    """
    Decides on one request at a time and remembers it.
    """

    def ask(self, address: str) -> Verdict:
        """
        Count one request of `address` (a key from `key_of`) and return the verdict on it.
        """
        ...
