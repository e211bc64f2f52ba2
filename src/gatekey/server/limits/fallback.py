"""What limits while the store is away and the host's own table is not wanted: limiters without state."""

from gatekey.errors import StorageUnavailable
from gatekey.server.limits.model import Admitted, LimitPolicy, Verdict


class AdmitAll:
    """Better no limit than no service."""

    def ask(self, key: str, policy: LimitPolicy | None = None) -> Verdict:  # noqa: ARG002 - whoever it is
        """Admit."""
        return Admitted()

    def forget(self, key: str) -> bool:  # noqa: ARG002 - whoever it is
        """Say that there was nothing to forget."""
        return False


class AdmitNone:
    """Better no service than no limit."""

    def ask(self, key: str, policy: LimitPolicy | None = None) -> Verdict:  # noqa: ARG002 - whoever it is
        """Raise `StorageUnavailable`: nobody knows what the limit says, and it is nobody's fault but ours."""
        raise StorageUnavailable("The store of the limits does not answer, and without it nobody is admitted.")

    def forget(self, key: str) -> bool:  # noqa: ARG002 - whoever it is
        """Say that there was nothing to forget."""
        return False
