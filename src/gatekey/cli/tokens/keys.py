"""`gatekey keys`: the keys that sign access tokens."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from gatekey.cli.groups import CommandGroup
from gatekey.cli.opening import ACTOR, Invocation, Refusal, administers, confirm
from gatekey.cli.output import Column, print_table
from gatekey.cli.tokens.key_ids import TakesKeyId

if TYPE_CHECKING:
    from gatekey.server.signing_keys.rotation import KeyLife

FIELDS = ("kid", "algorithm", "state", "created", "signsFrom", "retires")


@click.group(cls=CommandGroup)
def keys() -> None:
    """
    List, rotate, retire and withdraw the keys that sign access tokens.

    They rotate by themselves. By hand it is needed after an incident, or to see that everybody follows.
    """


@keys.command("list", examples=("gatekey keys list", "gatekey keys list --signing --field kid"))
@click.option("--signing", is_flag=True, help="Only the key that signs now.")
@administers(*FIELDS)
def list_(at: Invocation, *, signing: bool) -> None:
    """List the keys, oldest first: which signs, which follows, and which are published for tokens still alive."""
    with at.opened() as installation:
        lives = installation.keys.lives()
    now = time.time()
    shown = [life for life in lives if not signing or _state(life, lives, now) == SIGNS]
    rows = [
        (
            life.key_id,
            life.algorithm.value,
            _state(life, lives, now),
            _minute(life.created),
            _minute(life.signs_from),
            _minute(life.retires) if life.retires else "",
        )
        for life in shown
    ]
    titles = ("ALGORITHM", "STATE", "CREATED (UTC)", "SIGNS FROM (UTC)", "RETIRES (UTC)")
    at.answer(
        [_details(life, lives, now) for life in shown],
        lambda: print_table((Column("KEY ID", whole=True), *titles), rows),
    )


@keys.command("rotate", examples=("gatekey keys rotate",))
@click.option("--now", is_flag=True, help="The new key signs at once: verifiers that cache keys fail until they look.")
@administers(*FIELDS)
def rotate(at: Invocation, *, now: bool) -> None:
    """Make a new signing key. It is published now and signs an hour later, when every verifier has it."""
    with at.opened() as installation:
        from gatekey.server.signing_keys.rotation import rotate as plan

        moment = datetime.now(UTC)
        life = installation.keys.rotate(
            lambda lives: plan(lives, installation.rotation, moment.timestamp(), at_once=now), by=ACTOR, at=moment
        )
        lives = installation.keys.lives()
    if life is None:
        raise Refusal("No key was made.")
    at.answer(_details(life, lives, time.time()), f"Made {life.key_id}. It signs from {_minute(life.signs_from)} UTC.")


@keys.command("retire", cls=TakesKeyId, examples=("gatekey keys retire KID",))
@click.argument("kid")
@administers()
def retire(at: Invocation, kid: str) -> None:
    """Retire the key KID before its time. Refused while it signs and while a token that it signed can be alive."""
    with at.opened() as installation:
        from gatekey.server.signing_keys.rotation import Kept
        from gatekey.server.signing_keys.rotation import retire as plan

        moment, longest = datetime.now(UTC), installation.rotation.lifetime
        outcome = installation.keys.retire(
            lambda lives: plan(lives, kid, longest, moment.timestamp()), action="retired", by=ACTOR, at=moment
        )
        if isinstance(outcome, Kept):
            raise Refusal(outcome.public, hint="See gatekey keys list.")
    at.answer({"kid": kid, "retired": True}, f"Retired {kid}.")


@keys.command("withdraw", cls=TakesKeyId, examples=("gatekey keys withdraw KID",))
@click.argument("kid")
@click.option("--yes", is_flag=True, help="Do not ask.")
@administers()
def withdraw(at: Invocation, kid: str, *, yes: bool) -> None:
    """
    Withdraw the key KID because it is compromised: every token that it signed is worthless at once.

    If it is the one that signs, a new key signs from now on. Programs get new tokens when their old ones are refused.
    """
    confirm(f"Withdraw {kid}? Every token that it signed is refused from then on.", yes=yes)
    with at.opened() as installation:
        from gatekey.server.signing_keys.rotation import Kept
        from gatekey.server.signing_keys.rotation import withdraw as plan

        moment = datetime.now(UTC)
        outcome = installation.keys.retire(
            lambda lives: plan(lives, kid, installation.rotation, moment.timestamp()),
            action="withdrew",
            by=ACTOR,
            at=moment,
        )
        if isinstance(outcome, Kept):
            raise Refusal(outcome.public, hint="See gatekey keys list.")
    next_key = outcome.successor
    follows = f" {next_key.key_id} signs from {_minute(next_key.signs_from)} UTC." if next_key else ""
    document = {"kid": kid, "withdrawn": True, "successor": next_key.key_id if next_key else None}
    at.answer(document, f"Withdrew {kid}.{follows}")


SIGNS = "signs"


def _details(life: "KeyLife", lives: "tuple[KeyLife, ...]", now: float) -> dict[str, object]:
    return {
        "kid": life.key_id,
        "algorithm": life.algorithm.value,
        "state": _state(life, lives, now),
        "created": _iso(life.created),
        "signsFrom": _iso(life.signs_from),
        "retires": _iso(life.retires) if life.retires else None,
    }


def _state(life: "KeyLife", lives: "tuple[KeyLife, ...]", now: float) -> str:
    from gatekey.server.signing_keys.rotation import signing

    if not life.published(now):
        return "retired"
    if life == signing(lives, now):
        return SIGNS
    return "published, signs later" if life.signs_from > now else "published for older tokens"


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _minute(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"
