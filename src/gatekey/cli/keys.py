"""`gatekey keys`: the keys that sign access tokens."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekey.cli.key_ids import TakesKeyId
from gatekey.cli.opening import ACTOR, Refusal, data_options, opened
from gatekey.cli.output import print_json, print_table

if TYPE_CHECKING:
    from gatekey.server.signing_keys.rotation import KeyLife


@click.group()
def keys() -> None:
    """
    List, rotate, retire and withdraw the keys that sign access tokens.

    They rotate by themselves. By hand it is needed after an incident, or to see that everybody follows.
    """


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def list_(config: Path | None, data: Path | None, *, as_json: bool) -> None:
    """List the keys, oldest first: which signs, which follows, and which are published for tokens still alive."""
    with opened(config, data) as installation:
        lives = installation.keys.lives()
    now = time.time()
    if as_json:
        print_json([_details(life, lives, now) for life in lives])
        return
    rows = [
        (
            life.key_id,
            life.algorithm.value,
            _state(life, lives, now),
            _minute(life.created),
            _minute(life.signs_from),
            _minute(life.retires) if life.retires else "",
        )
        for life in lives
    ]
    print_table(("KEY ID", "ALGORITHM", "STATE", "CREATED (UTC)", "SIGNS FROM (UTC)", "RETIRES (UTC)"), rows)


@keys.command("rotate")
@click.option("--now", is_flag=True, help="The new key signs at once: verifiers that cache keys fail until they look.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def rotate(config: Path | None, data: Path | None, *, now: bool, as_json: bool) -> None:
    """Make a new signing key. It is published now and signs an hour later, when every verifier has it."""
    with opened(config, data) as installation:
        from gatekey.server.signing_keys.rotation import rotate as plan

        at = datetime.now(UTC)
        life = installation.keys.rotate(
            lambda lives: plan(lives, installation.rotation, at.timestamp(), at_once=now), by=ACTOR, at=at
        )
        lives = installation.keys.lives()
    if life is None:
        raise Refusal("No key was made.")
    if as_json:
        print_json(_details(life, lives, time.time()))
    else:
        click.echo(f"Made {life.key_id}. It signs from {_minute(life.signs_from)} UTC.")


@keys.command("retire", cls=TakesKeyId)
@click.argument("kid")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def retire(config: Path | None, data: Path | None, kid: str, *, as_json: bool) -> None:
    """Retire the key KID before its time. Refused while it signs and while a token that it signed can be alive."""
    with opened(config, data) as installation:
        from gatekey.server.signing_keys.rotation import Kept
        from gatekey.server.signing_keys.rotation import retire as plan

        at, longest = datetime.now(UTC), installation.rotation.lifetime
        outcome = installation.keys.retire(
            lambda lives: plan(lives, kid, longest, at.timestamp()), action="retired", by=ACTOR, at=at
        )
        if isinstance(outcome, Kept):
            raise Refusal(outcome.public, hint="See gatekey keys list.")
    if as_json:
        print_json({"kid": kid, "retired": True})
    else:
        click.echo(f"Retired {kid}.")


@keys.command("withdraw", cls=TakesKeyId)
@click.argument("kid")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def withdraw(config: Path | None, data: Path | None, kid: str, *, yes: bool, as_json: bool) -> None:
    """
    Withdraw the key KID because it is compromised: every token that it signed is worthless at once.

    If it is the one that signs, a new key signs from now on. Programs get new tokens when their old ones are refused.
    """
    if not yes:
        click.confirm(f"Withdraw {kid}? Every token that it signed is refused from then on.", abort=True, err=True)
    with opened(config, data) as installation:
        from gatekey.server.signing_keys.rotation import Kept
        from gatekey.server.signing_keys.rotation import withdraw as plan

        at = datetime.now(UTC)
        outcome = installation.keys.retire(
            lambda lives: plan(lives, kid, installation.rotation, at.timestamp()), action="withdrew", by=ACTOR, at=at
        )
        if isinstance(outcome, Kept):
            raise Refusal(outcome.public, hint="See gatekey keys list.")
    successor = outcome.successor
    if as_json:
        print_json({"kid": kid, "withdrawn": True, "successor": successor.key_id if successor else None})
    else:
        follows = f" {successor.key_id} signs from {_minute(successor.signs_from)} UTC." if successor else ""
        click.echo(f"Withdrew {kid}.{follows}")


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
        return "signs"
    return "published, signs later" if life.signs_from > now else "published for older tokens"


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _minute(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"
