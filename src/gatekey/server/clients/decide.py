"""Which clients may be created, and what may become of them."""

import re
from dataclasses import replace

from gatekey.oauth.vocabulary import Scope
from gatekey.server.clients.model import Change, Client, Refused

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,49}")
"""1 to 50 characters without blanks, as Camunda's Terraform provider enforces; safe in file names and shell lines."""


def check_name(name: str) -> Refused | None:
    """Refuse a client name that is empty, too long, or holds anything but letters, digits, `.`, `_` and `-`."""
    if NAME.fullmatch(name):
        return None
    return Refused(
        public="A client name has 1 to 50 letters, digits, '.', '_' or '-' and starts with a letter or digit.",
        reason="client name not accepted",
        field="name",
    )


SHORTEST_LIFETIME = 60
"""Seconds; below that the clients' own safety margins make them ask for a token per call."""


def check_lifetime(lifetime: int | None, longest: int) -> Refused | None:
    """Refuse token lifetimes (seconds) that clients could not cache and those beyond the installation's maximum."""
    if lifetime is None or SHORTEST_LIFETIME <= lifetime <= longest:
        return None
    return Refused(f"Tokens live {SHORTEST_LIFETIME} to {longest} seconds.", "lifetime not accepted", "lifetime")


def read_scopes(words: tuple[str, ...]) -> frozenset[Scope] | Refused:
    """Return the scopes that the words name (case does not matter); refuse none at all and unknown ones."""
    known = {scope.value.lower(): scope for scope in Scope}
    unknown = [word for word in words if word.lower() not in known]
    if unknown or not words:
        names = ", ".join(Scope)
        problem = f"Unknown scope {unknown[0]!r}." if unknown else "Choose at least one scope."
        return Refused(public=f"{problem} Scopes are {names}.", reason="scopes not accepted", field="scopes")
    return frozenset(known[word.lower()] for word in words)


def change_client(
    client: Client, scopes: tuple[str, ...] | None, lifetime: int | None, longest: int
) -> Change | Refused:
    """
    Return the client with other scopes (in the words they were given in), or with another lifetime of its tokens in
    seconds, 0 for the installation's; None leaves either as it is.
    """
    wanted = client.scopes if scopes is None else read_scopes(scopes)
    if isinstance(wanted, Refused):
        return wanted
    refused = check_lifetime(lifetime or None, longest)
    if refused:
        return refused
    changed = replace(client, scopes=wanted, lifetime=client.lifetime if lifetime is None else lifetime or None)
    return Change(changed, lost=client.scopes - wanted)
