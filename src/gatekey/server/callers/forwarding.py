"""
The headers in which proxies name who asked them, read from the right: what stands there was written last, by whoever
spoke to us, and nothing that a caller put in front of it can change how it is read.
"""

import re
from collections.abc import Iterable, Iterator
from typing import assert_never

from gatekey.server.callers.address import Address, read_address
from gatekey.server.callers.trust import Forwarding

LONGEST = 1024
"""Characters, counted from the right; room for a chain of twenty proxies. What is left of them was written first."""

NODE = re.compile(r"(?:\[(?P<bracketed>[^\]]*)\]|(?P<ipv4>[0-9.]+))(?::(?:[0-9]{1,5}|_[A-Za-z0-9._-]+))?")
"""An address that may have a port, which may be an invented word (RFC 7239 section 6)."""

QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
"""A quoted string (RFC 9110 section 5.6.4)."""

BLANK = " \t"


def trail_of(forwarding: Forwarding, headers: Iterable[tuple[bytes, bytes]]) -> str:
    """
    Return the end of what the header in use says, its lines joined in order (RFC 9110 section 5.3); names are lower
    case. The text is at most `LONGEST` + 1 characters long; one more than `LONGEST` says that it was cut.
    """
    name = forwarding.value.encode()
    return b",".join(value for key, value in headers if key == name)[-LONGEST - 1 :].decode("latin-1")


def read_trail(forwarding: Forwarding, trail: str) -> Iterator[Address | None]:
    """
    Return who is named, the last one first; None for whatever names nobody: nothing, `unknown`, an obfuscated
    identifier (RFC 7239 section 6.3), words that are no address, the cut end of a text that is too long.
    """
    match forwarding:
        case Forwarding.X_FORWARDED_FOR:
            return map(read_node, _split(trail, ",", quotes=False))
        case Forwarding.FORWARDED:
            return map(_read_element, _split(trail, ",", quotes=True))
        case Forwarding.NONE:
            return iter(())
        case never:
            assert_never(never)


def read_node(text: str) -> Address | None:
    """
    Return the address that a proxy wrote, with brackets, zone and port or without (RFC 7239 section 6, and what is seen
    in `X-Forwarded-For`).
    """
    text = text.strip(BLANK)
    found = NODE.fullmatch(text)
    if found is None:
        return read_address(text)
    bracketed = found["bracketed"]
    if bracketed is None:
        return read_address(found["ipv4"])
    return read_address(bracketed) if ":" in bracketed else None


def _split(text: str, separator: str, *, quotes: bool) -> Iterator[str]:
    """
    Yield what stands between separators, from the right; those inside quoted strings separate nothing.

    A string is entered at its last quote and left at the first one that no backslash escapes: for a well-formed string
    these are its ends, and an open one further left does not reach it.
    """
    end, inside = len(text), False
    for place in range(len(text) - 1, -1, -1):
        if quotes and text[place] == '"' and not (inside and _is_escaped(text, place)):
            inside = not inside
        elif text[place] == separator and not inside:
            yield text[place + 1 : end]
            end = place
    yield text[:end] if len(text) <= LONGEST else ""


def _is_escaped(text: str, place: int) -> bool:
    before = text[:place]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _read_element(element: str) -> Address | None:
    """Return whom one proxy names in the one `for` of its `forwarded-element` (RFC 7239 section 4)."""
    pairs = (pair.partition("=") for pair in _split(element, ";", quotes=True))
    named = [value.strip(BLANK) for name, _, value in pairs if name.strip(BLANK).lower() == "for"]
    if len(named) != 1:
        return None
    quoted = QUOTED.fullmatch(named[0])
    return read_node(named[0] if quoted is None else re.sub(r"\\(.)", r"\1", quoted[1]))
