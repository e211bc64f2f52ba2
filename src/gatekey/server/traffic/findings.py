"""What is wrong with whoever asks, and what to do about it: rules over counts by minute. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gatekey.server.callers.tracing import VIA
from gatekey.server.events.model import Outcome
from gatekey.server.traffic.history import (
    MINUTE,
    NOBODY,
    OTHERS,
    REFUSING,
    Counted,
    NamedClient,
    Standing,
    Trace,
    group,
    standing_of,
    total,
)
from gatekey.server.traffic.wording import HOUR, ago, lasting, many

HOUR_OF_MINUTES = 60

PROGRAMS = 10
"""As many times what one program needs are let pass without a word: Camunda's Node.js SDK gets a token for each of its
eight kinds of client, and a few programs may run behind one address."""

APART = 10
"""Minutes of an hour; a fleet that starts asks within one or two, a program that keeps no token asks all the time."""

STRANGERS = 5
"""Unknown ids at one address that are worth naming one by one."""

IMPATIENT_AFTER = 30
"""Refusals; as many as block an address by default."""

LIBRARIES = (
    ("zeebe-client-go", "zbctl or a Go program"),
    ("camunda8-sdk-nodejs", "Camunda's Node.js SDK"),
    ("zeebe-client-nodejs", "zeebe-node"),
    ("operate-client-nodejs", "operate-api-client"),
    ("zeebe-client-java", "Camunda's Java client"),
    ("camunda-client-java", "Camunda's Java client"),
    ("java", "a Java program, such as Camunda's client"),
    ("python-httpx", "Camunda's Python SDK, or a script"),
    ("python-requests", "pyzeebe, or a script"),
    ("node", "a Node.js program, such as Camunda's orchestration client"),
    ("gatekey", "Gatekey's own client"),
    ("curl", "a person or a script"),
)
"""User agents as these programs send them to a token endpoint: how they begin, in lower case; the first that fits."""


class Kind(StrEnum):
    """What can be found; in this order a person should look at it."""

    DELETED_CLIENT = "deleted client still asks"
    ENDED_SECRET = "still uses an ended secret"  # noqa: S105 - words for people
    UNKNOWN_CLIENT = "unknown client asks"
    WRONG_SECRET = "wrong secret"  # noqa: S105 - words for people
    WRONG_ASSERTION = "wrong assertion"
    DENIED = "asks for what it may not have"
    UNREADABLE = "requests that cannot be read"
    ASKS_TOO_OFTEN = "does not keep its token"
    IMPATIENT = "goes on asking while it is refused"
    UNNAMED = "a trusted proxy does not say for whom it asks"
    NEW_PLACE = "asks from where it never did"


ORDER = {kind: place for place, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing that is wrong: `what` was seen and what to do (`advice`), in words for people.

    `requests` show it, the latest of them in the minute `last` (since 1970).
    """

    kind: Kind
    requests: int
    last: int
    what: str
    advice: str
    address: str
    client_id: str = NOBODY
    credential_id: str = ""


FAULTS: Mapping[Outcome, tuple[Kind, str, str]] = {
    Outcome.ENDED_SECRET: (
        Kind.ENDED_SECRET,
        "{who} has used its ended secret {credential}",
        "Give the program the new secret. Its page, or gatekey clients secrets list, says which secrets work.",
    ),
    Outcome.WRONG_SECRET: (
        Kind.WRONG_SECRET,
        "{who} comes with a secret that is not its own",
        "Compare the program's credentials file: id and secret are perhaps of two clients, or one is cut off.",
    ),
    Outcome.WRONG_ASSERTION: (
        Kind.WRONG_ASSERTION,
        "{who} signs assertions that do not hold",
        "The log says what is wrong with each: an unregistered key, the audience, a clock, or a jti used twice.",
    ),
    Outcome.DENIED: (
        Kind.DENIED,
        "{who} asks for an API that it may not use",
        "Grant it the scope if it needs it (Change scopes, gatekey clients update); else correct its audience.",
    ),
    Outcome.MALFORMED: (
        Kind.UNREADABLE,
        "Requests that are no token requests",
        "The log says what could not be read. Usually it is a browser, a health check or a wrong URL.",
    ),
}
"""What each outcome means when it comes again and again, and what to do."""


def find(counted: Sequence[Counted], names: Mapping[str, NamedClient], now: float) -> tuple[Finding, ...]:
    """
    Return what is wrong, the gravest kind first. Every address and every client is judged for itself.

    Only requests since the cause count, and what is mended is not told: a program that was served after its fault, an
    API that was granted after it was denied.
    """
    found = [*_strangers(counted, names, now), *_faults(counted, names, now), *_wasters(counted, names, now)]
    return in_order([*found, *_impatient(counted, now), *_unnamed(counted, now)])


def in_order(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings as a person should look at them."""
    return tuple(sorted(found, key=lambda each: (ORDER[each.kind], -each.requests, each.address, each.client_id)))


def find_new_places(counted: Sequence[Counted], client: NamedClient, now: float, minutes: int) -> tuple[Finding, ...]:
    """
    Return the addresses from which a living client was served for the first time within the last hour; `counted` is all
    that named it in the last `minutes`, from everywhere. Nothing while there is nothing older to compare with.
    """
    recent = int(now // MINUTE) - HOUR_OF_MINUTES
    granted = [(trace, number) for trace, number in counted if trace.outcome is Outcome.GRANTED]
    by_address = group(granted, lambda trace: trace.address)
    older = {address for address, some in by_address.items() if min(trace.minute for trace, _ in some) <= recent}
    if minutes <= HOUR_OF_MINUTES or not older:
        return ()
    return tuple(
        Finding(
            Kind.NEW_PLACE,
            total(some),
            _last(some),
            f"{client.name} got {many(total(some), 'token')} at {address} by {_agents(some)}; "
            f"in the last {lasting(minutes * MINUTE)} it never asked there before this hour.",
            "If nobody of yours moved it there, its secret is in strange hands: rotate it with --now.",
            address,
            client.client_id,
        )
        for address, some in by_address.items()
        if address not in older and address != OTHERS
    )


def program_of(user_agent: str) -> str:
    """Return a user agent with the program that sends it, where we know one."""
    if user_agent == OTHERS:
        return "various programs"
    known = next((name for start, name in LIBRARIES if user_agent.lower().startswith(start)), None)
    return f"{user_agent or 'a program without a user agent'}{f' ({known})' if known else ''}"


def _strangers(counted: Sequence[Counted], names: Mapping[str, NamedClient], now: float) -> Iterator[Finding]:
    unknown: defaultdict[str, list[tuple[str, list[Counted]]]] = defaultdict(list)
    readable = [(trace, number) for trace, number in counted if trace.outcome is not Outcome.MALFORMED]
    for (address, client_id), some in _by_client(readable).items():
        standing, client = standing_of(client_id, names), names.get(client_id)
        if standing is Standing.DELETED and client is not None and client.deleted is not None:
            since = _since_deletion(some, client.deleted)
            if not since:
                continue
            yield Finding(
                Kind.DELETED_CLIENT,
                total(since),
                _last(since),
                f"{client.name} was deleted {lasting(now - client.deleted)} ago and has asked since: "
                f"{_requests(since, now)} from {address} by {_agents(since)}.",
                "Stop the program, or give it the credentials of a client that lives.",
                address,
                client_id,
            )
        elif standing is Standing.UNKNOWN:
            unknown[address].append((client_id, some))
    for address, strangers in unknown.items():
        if len(strangers) > STRANGERS:
            everything = [each for _, some in strangers for each in some]
            yield Finding(
                Kind.UNKNOWN_CLIENT,
                total(everything),
                _last(everything),
                f"{many(len(strangers), 'different id')} that are no clients of this installation: "
                f"{_requests(everything, now)} from {address} by {_agents(everything)}.",
                "Somebody makes ids up or tries them one by one. If the address is none of yours, a firewall before "
                "Gatekey keeps it away.",
                address,
            )
            continue
        for client_id, some in strangers:
            yield Finding(
                Kind.UNKNOWN_CLIENT,
                total(some),
                _last(some),
                f"{client_id} is no client of this installation: {_requests(some, now)} from {address} "
                f"by {_agents(some)}.",
                "It is a client of another installation, or its id was mistyped. Find the program by its address and "
                "user agent, and give it credentials of this installation or the token URL of its own.",
                address,
                client_id,
            )


def _faults(counted: Sequence[Counted], names: Mapping[str, NamedClient], now: float) -> Iterator[Finding]:
    def fault(trace: Trace) -> tuple[Outcome, str, str, str]:
        # Whom a request claims to be from that cannot be read says nothing.
        client_id = NOBODY if trace.outcome is Outcome.MALFORMED else trace.client_id
        return trace.outcome, trace.address, client_id, trace.credential_id

    served = _last_served(counted)
    for (outcome, address, client_id, credential_id), every in group(counted, fault).items():
        if outcome not in FAULTS:
            continue
        some = [each for each in every if not _is_mended(each[0], served, names.get(client_id))]
        if not some:
            continue
        kind, words, advice = FAULTS[outcome]
        what = words.format(who=_name(client_id, names), credential=credential_id)
        where = f"{_requests(some, now)} from {address} by {_agents(some)}"
        yield Finding(kind, total(some), _last(some), f"{what}: {where}.", advice, address, client_id, credential_id)


def _wasters(counted: Sequence[Counted], names: Mapping[str, NamedClient], now: float) -> Iterator[Finding]:
    """
    A token lives `lifetime` seconds, so a program that keeps it needs one at its start and one a lifetime after
    that.
    """
    granted = [(t, n) for t, n in counted if t.outcome is Outcome.GRANTED and t.endpoint == "token"]
    for (address, client_id), some in _by_client(granted).items():
        client = names.get(client_id)
        if client is None:
            continue
        needed = 1 + -(-HOUR // client.lifetime)
        hours = group(some, lambda trace: (int(now // MINUTE) - trace.minute) // HOUR_OF_MINUTES)
        busiest = max(hours.values(), key=total)
        minutes = len({trace.minute for trace, _ in busiest})
        if total(busiest) > needed * PROGRAMS and minutes >= APART:
            yield Finding(
                Kind.ASKS_TOO_OFTEN,
                total(some),
                _last(busiest),
                f"{client.name} got {many(total(busiest), 'token')} within an hour, in {minutes} different minutes, "
                f"the last {ago(_last(busiest), now)}, at {address} by {_agents(busiest)}. "
                f"Its tokens live {lasting(client.lifetime)}: a program that keeps them needs {needed} an hour.",
                "Let the program keep its token until shortly before it ends: one client object for as long as it "
                "runs, not one a call. Short-lived programs share tokens by a cache on disk, or by gatekey exec.",
                address,
                client_id,
            )


def _impatient(counted: Sequence[Counted], now: float) -> Iterator[Finding]:
    refused = [(trace, number) for trace, number in counted if trace.outcome in REFUSING]
    for (address, user_agent), some in group(refused, lambda trace: (trace.address, trace.user_agent)).items():
        if total(some) >= IMPATIENT_AFTER:
            yield Finding(
                Kind.IMPATIENT,
                total(some),
                _last(some),
                f"{program_of(user_agent)} went on asking at {address} while it was refused: "
                f"{many(total(some), 'request')} over the limit, the last {ago(_last(some), now)}.",
                "Let the program wait as long as the header Retry-After says. If many programs share the address, give "
                "each its own, or allow the network more with gatekey limits allow.",
                address,
            )


def _unnamed(counted: Sequence[Counted], now: float) -> Iterator[Finding]:
    for address, some in group(counted, lambda trace: trace.address).items():
        if address.startswith(VIA):
            yield Finding(
                Kind.UNNAMED,
                total(some),
                _last(some),
                f"{_requests(some, now)} came through the trusted proxy {address.removeprefix(VIA)}, which did "
                "not say for whom. They share one limit and are never blocked.",
                "Let the proxy set the header that forwarded_by names, or speak the PROXY protocol.",
                address,
            )


def _since_deletion(counted: Iterable[Counted], deleted: float) -> list[Counted]:
    """
    Return what came after a client was deleted.

    Within the minute of the deletion only an outcome tells before from after: from then on the id is unknown.
    """
    minute = int(deleted // MINUTE)
    return [
        (trace, number)
        for trace, number in counted
        if trace.minute > minute or (trace.minute == minute and trace.outcome is Outcome.UNKNOWN_CLIENT)
    ]


def _last_served(counted: Iterable[Counted]) -> dict[tuple[str, str, str], int]:
    """Return the last minute in which each program (address, client, user agent) was served."""
    served: dict[tuple[str, str, str], int] = {}
    for trace, _ in counted:
        if trace.outcome is Outcome.GRANTED:
            program = (trace.address, trace.client_id, trace.user_agent)
            served[program] = max(trace.minute, served.get(program, 0))
    return served


def _is_mended(trace: Trace, served: Mapping[tuple[str, str, str], int], client: NamedClient | None) -> bool:
    """
    Say whether a fault belongs to the past.

    What was denied is mended by a change of the client: the same program may have been served for another API all the
    time. Any other fault is mended when the same program was served later.
    """
    if trace.outcome is Outcome.DENIED:
        return client is not None and client.changed is not None and trace.minute < int(client.changed // MINUTE)
    return served.get((trace.address, trace.client_id, trace.user_agent), 0) > trace.minute


def _last(counted: Iterable[Counted]) -> int:
    return max(trace.minute for trace, _ in counted)


def _requests(counted: Sequence[Counted], now: float) -> str:
    return f"{many(total(counted), 'request')}, the last {ago(_last(counted), now)},"


def _by_client(counted: Iterable[Counted]) -> dict[tuple[str, str], list[Counted]]:
    return group(counted, lambda trace: (trace.address, trace.client_id))


def _name(client_id: str, names: Mapping[str, NamedClient]) -> str:
    client = names.get(client_id)
    if client is not None:
        return client.name
    return client_id if client_id not in {NOBODY, OTHERS} else "Somebody"


def _agents(counted: Iterable[Counted]) -> str:
    grouped = group(counted, lambda trace: trace.user_agent)
    first, *rest = sorted(grouped, key=lambda agent: -total(grouped[agent]))
    return program_of(first) + (f" and {many(len(rest), 'other')}" if rest else "")
