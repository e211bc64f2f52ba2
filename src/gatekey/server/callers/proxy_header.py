"""
The PROXY protocol, versions 1 and 2, as HAProxy's specification has it: what a proxy says before anything else on a
connection.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
"""Twelve bytes that begin version 2 (section 2.2), and no HTTP request and no TLS."""

HEAD = 16
"""Bytes of version 2 before the addresses."""

WORD = b"PROXY "
LONGEST_LINE = 107
"""Bytes of a line of version 1 with its end (section 2.1)."""

LONGEST_HEADER = 4096
"""Bytes of a header of version 2 that we take: room for the extensions of clouds and for what is told of a TLS client
certificate; 65551 would be possible."""

LARGEST_PORT = 65_535
LOCAL, PROXY = 0, 1
TCP4, TCP6 = 0x11, 0x21
INTERNET = {TCP4: (12, 4), TCP6: (36, 16)}
"""TCP over IPv4 and IPv6: bytes of both addresses and ports, bytes of one address."""
OTHERS = {0x00: 0, 0x12: 12, 0x22: 36, 0x31: 216, 0x32: 216}
"""Not specified, datagrams, Unix sockets: they name no caller that has an address."""


@dataclass(frozen=True, slots=True)
class Relayed:
    """A whole header of `length` bytes; `source` is the caller's address, None where it names none."""

    source: str | None
    length: int = 0


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The bytes may be the beginning of a header."""


@dataclass(frozen=True, slots=True)
class Faulty:
    """No header begins like that; `reason` is for the operator."""

    reason: str


def read_proxy_header(data: bytes) -> Relayed | Unfinished | Faulty:
    """Return the header that `data` begins with; bytes after it are none of our business."""
    if SIGNATURE.startswith(data[: len(SIGNATURE)]):
        return _read_binary(data) if len(data) >= HEAD else Unfinished()
    if WORD.startswith(data[: len(WORD)]):
        return _read_line(data)
    return Faulty("it does not begin with a PROXY header")


def _read_line(data: bytes) -> Relayed | Unfinished | Faulty:
    end = data.find(b"\n", 0, LONGEST_LINE)
    if end < 0:
        return Unfinished() if len(data) < LONGEST_LINE else Faulty("its PROXY line has no end")
    line = data[: end + 1]
    words = line.removesuffix(b"\r\n").decode("latin-1").split(" ")
    match words[1:]:
        case ["UNKNOWN", *_] if line.endswith(b"\r\n"):
            return Relayed(None, len(line))
        case ["TCP4" | "TCP6" as family, source, destination, *ports] if line.endswith(b"\r\n"):
            kind = IPv4Address if family == "TCP4" else IPv6Address
            try:
                found, _ = kind(source), kind(destination)
            except ValueError:
                return Faulty("its PROXY line names no addresses of its family")
            if len(ports) != len(("source", "destination")) or not all(map(_is_port, ports)) or "%" in source:
                return Faulty("its PROXY line does not end in two ports")
            return Relayed(str(found), len(line))
        case _:
            return Faulty("its PROXY line is of no known kind")


def _is_port(word: str) -> bool:
    return word.isascii() and word.isdecimal() and int(word) <= LARGEST_PORT and str(int(word)) == word


def _read_binary(data: bytes) -> Relayed | Unfinished | Faulty:
    command, family = data[12] % 16, data[13]
    length = HEAD + int.from_bytes(data[14:HEAD])
    fault = _fault_of(data[12] // 16, command, family, length)
    if fault:
        return Faulty(fault)
    if len(data) < length:
        return Unfinished()
    if command == LOCAL or family not in INTERNET:
        return Relayed(None, length)
    source = data[HEAD : HEAD + INTERNET[family][1]]
    return Relayed(str(IPv4Address(source) if family == TCP4 else IPv6Address(source)), length)


def _fault_of(version: int, command: int, family: int, length: int) -> str | None:
    if version != 2 or command not in {LOCAL, PROXY}:  # noqa: PLR2004 - the protocol's own number
        return "its PROXY header is of an unknown version or command"
    if length > LONGEST_HEADER:
        return f"its PROXY header is longer than {LONGEST_HEADER} bytes"
    if command == LOCAL:
        return None  # whatever follows is not looked at
    if family not in INTERNET and family not in OTHERS:
        return "its PROXY header is of an unknown address family"
    needed = INTERNET[family][0] if family in INTERNET else OTHERS[family]
    return "its PROXY header is too short for its addresses" if length - HEAD < needed else None
