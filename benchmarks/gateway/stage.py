"""
What all gateways stand on.
"""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.gateway.tokens import Issuer
from benchmarks.gateway.upstreams import Upstreams


@dataclass(frozen=True, slots=True)
class Stage:
    """
    What every gateway gets: upstreams, an issuer, a core of its own, a folder.
    """

    upstreams: Upstreams
    issuer: Issuer
    core: int
    folder: Path
