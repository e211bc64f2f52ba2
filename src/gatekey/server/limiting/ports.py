"""
What the rest of the service asks of a limiter, wherever it keeps its state.
"""

from typing import Protocol

from gatekey.server.limiting.model import LimitPolicy, Verdict


class Limiter(Protocol):
    """
    Decides on one request at a time and remembers it.
    """

    def ask(self, address: str, policy: LimitPolicy | None = None) -> Verdict:
        """
        Count one request of `address` (a key from `key_of`, or any other text whose budget is apart) and return the
        verdict on it, by the limiter's own policy or by the one given.
        """
        ...

    def forget(self, address: str) -> bool:
        """
        Be as if `address` had never asked: its block ends, its budget is whole. Say whether there was anything.
        """
        ...
