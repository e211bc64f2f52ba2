"""Limits for those who speak for others: slowed down like everybody, but never blocked."""

from dataclasses import replace
from functools import lru_cache

from gatekey.server.callers.tracing import VIA
from gatekey.server.limits.model import LARGEST_COUNT, LimitPolicy, Verdict
from gatekey.server.limits.ports import Limiter

POLICIES = 256
"""Exceptions from the policy that are remembered without their block; there are hardly more."""


class SparingLimiter:
    """
    The `Limiter` port over another one: requests that came via a trusted proxy that named nobody never lead to a block.

    A block would be for everybody behind that proxy, because of a setting that is missing there.
    """

    def __init__(self, limiter: Limiter, policy: LimitPolicy) -> None:
        self._limiter = limiter
        self._policy = policy

    def ask(self, address: str, policy: LimitPolicy | None = None) -> Verdict:
        """Count one request of `address` and return the verdict on it."""
        if address.startswith(VIA):
            policy = _without_block(policy or self._policy)
        return self._limiter.ask(address, policy)

    def forget(self, address: str) -> bool:
        """Be as if `address` had never asked. Say whether there was anything to forget."""
        return self._limiter.forget(address)


@lru_cache(POLICIES)
def _without_block(policy: LimitPolicy) -> LimitPolicy:
    return replace(policy, block_after=LARGEST_COUNT)
