"""
Puts the limits together: policy, mode and exceptions as the settings say, and what stands before every OAuth
endpoint.
"""

import time

from gatekey.server.api.oauth.admission import Admission, Sampler
from gatekey.server.api.oauth.limit_answers import LimitAnswers
from gatekey.server.limits.limits import Limits, Mode
from gatekey.server.limits.model import HELP_PATH, LimitPolicy
from gatekey.server.limits.ports import Limiter
from gatekey.server.limits.rules import Rule, Subject
from gatekey.server.run.limiters import limit_policy
from gatekey.server.settings import Settings
from gatekey.server.storage.directory import Directory


def make_limits(settings: Settings, limiter: Limiter) -> Limits:
    """Return what edges ask, over the limiter of this process."""
    return Limits(
        limiter,
        limit_policy(settings),
        time.time,
        mode=Mode(settings.limit_mode),
        cap=LimitPolicy(rate=settings.limit_fair_rate, burst=settings.limit_fair_burst),
        always=(Rule(Subject.ADDRESS, str(network), note="GATEKEY_LIMIT_ALLOW") for network in settings.limit_allow),
    )


def make_admission(limits: Limits, public_url: str, directory: Directory) -> Admission:
    """Return what stands before the OAuth endpoints."""
    return Admission(
        limits,
        LimitAnswers(public_url + HELP_PATH, time.time),
        lambda client_id: directory.find(client_id) is not None,
        Sampler(time.monotonic),
    )
