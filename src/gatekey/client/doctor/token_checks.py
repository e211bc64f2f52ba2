"""What the token endpoint's answer tells."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from gatekey.client.answer import TokenAnswer, read_answer
from gatekey.client.config.settings import ClientSettings
from gatekey.client.doctor.endpoint import endpoint_of
from gatekey.client.doctor.model import Check, CheckResult, doubtful, fine, skipped, wrong
from gatekey.client.failures import Failure
from gatekey.client.http import HttpResponse, sent_at, shown
from gatekey.oauth.vocabulary import CLIENT_CLAIM, CLUSTER_CLAIM

UNNOTICED_SKEW = 5.0
"""Seconds: a `Date` header has whole seconds, and the answer travelled."""

TOLERATED_SKEW = 60.0
"""Seconds: the leeway that Envoy's and Spring Security's token checks grant."""

AGREEMENT = 5
"""Seconds by which `expires_in` and the token's own times may differ through rounding."""

SPENT_PART = 0.1
"""Of a token's life may be over when it arrives: servers, Gatekey too, give equal requests one token for a while."""
BUDGET = re.compile(r"(?:^|[;,\s])(?:r|remaining)=(\d+)")
"""What is left, in the parameters of a `RateLimit` header of either generation of the draft."""


def check_url(settings: ClientSettings) -> CheckResult:
    """Check that the secret does not travel readable through a network."""
    url = shown(settings.token_url)
    endpoint = endpoint_of(settings.token_url)
    if endpoint is None or endpoint.secure or _is_loopback(endpoint.host):
        return fine(Check.TOKEN_URL, url)
    return doubtful(Check.TOKEN_URL, f"{url} sends the secret unencrypted", "Use https for anything but this machine.")


def budget(response: HttpResponse) -> str:
    """
    Say how many requests this address has left, in the words of a finding; empty where the server does not tell.

    `RateLimit` is the header of the IETF's draft on rate limits, the others are what services send meanwhile.
    """
    remaining = BUDGET.search(response.header("RateLimit") or "")
    told = remaining[1] if remaining else None
    told = told or response.header("RateLimit-Remaining") or response.header("X-RateLimit-Remaining") or ""
    return f", {told} more requests are within the rate limit" if told.isascii() and told.isdigit() else ""


def check_clock(response: HttpResponse, now: float) -> CheckResult:
    """Compare this machine's clock, `now` in Unix seconds, with the server's."""
    told = sent_at(response)
    if told is None:
        return skipped(Check.CLOCK, "the server's answer carries no date")
    skew = now - told
    words = f"this machine is {spoken(abs(skew))} {'ahead of' if skew > 0 else 'behind'} the server"
    if abs(skew) <= UNNOTICED_SKEW:
        return fine(Check.CLOCK, "agrees with the server's")
    cure = "Let NTP set the clock, here or on the server."
    if abs(skew) <= TOLERATED_SKEW:
        return doubtful(Check.CLOCK, words, cure)
    return wrong(Check.CLOCK, f"{words}: tokens look expired, or not yet valid", cure)


def judge_answer(response: HttpResponse, settings: ClientSettings) -> tuple[CheckResult, TokenAnswer | None]:
    """Return the finding on the token endpoint's answer, and the token if it granted one."""
    answer = read_answer(response, settings.client_secret)
    if isinstance(answer, Failure):
        return wrong(Check.TOKEN, answer.error_at(0.0, answer.retry_after or 0.0, 1).message, answer.hint), None
    audience = settings.audience or "no particular audience"
    if answer.expires_in == 0:
        return wrong(Check.TOKEN, f"granted for {audience}, but already expired", "Check the server's clock."), answer
    return fine(Check.TOKEN, f"granted for {audience}, valid for {spoken(answer.expires_in)}"), answer


def check_claims(
    claims: Mapping[str, Any] | None, answer: TokenAnswer, settings: ClientSettings, cluster_id: str | None
) -> CheckResult:
    """Compare what the token says with what the file says: audience, cluster, client, lifetime."""
    if claims is None:
        return skipped(Check.CLAIMS, "the token is opaque")
    told, asked = claims.get("aud"), settings.audience
    audiences = told if isinstance(told, list) else [told]
    if asked and not any(_fits(audience, asked) for audience in audiences):
        return wrong(
            Check.CLAIMS, f"the token is for audience {told}, not {asked}", "Check the audience in the file; APIs will."
        )
    cluster = claims.get(CLUSTER_CLAIM)
    if cluster_id and cluster is not None and cluster != cluster_id:
        return wrong(
            Check.CLAIMS,
            f"the token is for cluster {cluster}, the file for {cluster_id}",
            "Do not mix files of different clusters.",
        )
    client = claims.get(CLIENT_CLAIM, settings.client_id)
    if client != settings.client_id:
        return wrong(Check.CLAIMS, "the token is for another client", "Ask the operator of the token service.")
    return _check_lifetime(claims, answer)


def spoken(seconds: float) -> str:
    """Return a duration in the largest unit that keeps it above one: `24 h`, `5 min`, `42 s`."""
    if seconds >= 2 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 2 * 60 else f"{seconds:.0f} s"


def _check_lifetime(claims: Mapping[str, Any], answer: TokenAnswer) -> CheckResult:
    end, start = claims.get("exp"), claims.get("iat")
    if not isinstance(end, int | float) or not isinstance(start, int | float):
        return doubtful(
            Check.CLAIMS, "the token does not say when it expires", "Camunda's Node.js SDK needs exp: ask the operator."
        )
    life = end - start
    if not life * (1 - SPENT_PART) - AGREEMENT <= answer.expires_in <= life + AGREEMENT:
        return doubtful(
            Check.CLAIMS,
            f"the token says {spoken(life)}, the answer {spoken(answer.expires_in)}",
            "Clients that read only one of them renew too early or too late: ask the operator.",
        )
    return fine(Check.CLAIMS, "audience, cluster, client and expiry fit the file")


def _fits(audience: object, asked: str) -> bool:
    """Whether an audience is the one asked for; Zeebe's has a long form, for which the short one is granted."""
    return audience == asked or (isinstance(audience, str) and asked.endswith(f".{audience}"))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
