"""
A world without time of its own: processes that want tokens, a token endpoint, a clock that somebody else turns.

The flows, the policy and the memory cache are the real ones; threads, sockets and waiting are not there. Whoever plays
the world chooses who goes on, what the endpoint answers, who is killed, and how much time passes; the world checks the
promises of the library at every step.
"""

import random
from dataclasses import dataclass, field
from typing import TypeAlias

from gatekey.client.acquire import (
    Asking,
    Clock,
    Flow,
    Keep,
    Lock,
    Look,
    Reply,
    Seen,
    Send,
    Sleep,
    Step,
    Tell,
    Unlock,
    Wait,
    obtain,
    renew_early,
)
from gatekey.client.cache.memory import MemoryCache
from gatekey.client.cache.ports import CacheKey, Release
from gatekey.client.config.authentication import token_request
from gatekey.client.config.settings import ClientSettings
from gatekey.client.failures import TransportError, TransportErrorKind
from gatekey.client.http import HttpResponse
from gatekey.client.policy import LONGEST_BACKOFF, NOTHING, Backoff, CacheEntry, Renew, TokenDemand, Use, decide
from gatekey.client.token import Freshness, Token
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.token_answer import encode_error, encode_success

URL = "http://localhost:8400/oauth/token"
START = 1_800_000_000.0
TIME_LIMIT = 10.0
"""Seconds after which a transport gives up."""

COOL_DOWN = 30.0
"""Seconds for which a refused credential must be left alone the first time, at least."""


@dataclass(frozen=True, slots=True)
class Grant:
    """
    A token that lives so many seconds.
    """

    lifetime: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """
    401: the client is deleted, or its secret wrong.
    """


@dataclass(frozen=True, slots=True)
class Limit:
    """
    429 or 503, with the seconds of Retry-After.
    """

    status: int
    retry_after: int


@dataclass(frozen=True, slots=True)
class Drop:
    """
    No answer at all.
    """


Answer: TypeAlias = Grant | Refuse | Limit | Drop


@dataclass(slots=True)
class Promises:
    """
    What the endpoint said about one credential, and has a right to see kept.
    """

    in_flight: int = 0
    refused_until: float = 0.0


@dataclass(slots=True)
class Process:
    """
    A process with one source: what it remembers, and the flow it is in.
    """

    credential: int
    entry: CacheEntry = NOTHING
    flow: Flow[Token | Backoff] | Flow[bool] | None = None
    demand: TokenDemand = field(default_factory=TokenDemand)
    step: Step | None = None
    asked_at: float = 0.0
    wakes_at: float = 0.0
    release: Release | None = None
    told: Answer | None = None
    told_at: float = 0.0
    pause_known: float = 0.0
    refusal_known: float = 0.0

    @property
    def sending(self) -> bool:
        return isinstance(self.step, Send)


class World:
    """
    All of it. Every method that moves something checks the promises that could be broken by it.
    """

    def __init__(self, credentials: int = 2, processes: int = 3, jitter: float = 0.0) -> None:
        self.now = START
        self.jitter = jitter
        self.cache = MemoryCache()
        self.processes = [Process(number % credentials) for number in range(credentials * processes)]
        self.promises = [Promises() for _ in range(credentials)]
        self.paused_until = 0.0
        self.expiries: dict[str, float] = {}
        self.requests = 0
        self.uses = 0
        self.keys = [CacheKey(URL, f"client-{number}", None, None, SecretText("s")) for number in range(credentials)]

    def call(self, number: int, demand: TokenDemand) -> None:
        """
        A process wants a token, as its source would see it.
        """
        process = self.processes[number]
        if process.flow:
            return
        process.demand = demand
        match decide(process.entry, self.now, demand):
            case Use(token):
                self._use(token)
                return
            case Renew(Token() as spare):
                self._use(spare)
                process.demand = TokenDemand()
                process.flow = renew_early(self._asking(process))
            case _:
                process.flow = obtain(self._asking(process), demand)
        self._proceed(process, None)

    def run(self, number: int, steps: int) -> None:
        """
        Let a process perform up to so many steps, until it must wait.
        """
        process = self.processes[number]
        for _ in range(steps):
            match process.step:
                case None | Send():
                    return
                case Sleep() if self.now < process.wakes_at:
                    return
                case Sleep():
                    self._proceed(process, None)
                case Wait():
                    freed = self._is_free(process)
                    if not freed and self.now < process.wakes_at:
                        return
                    self._proceed(process, freed)
                case step:
                    self._proceed(process, self._perform(process, step))

    def answer(self, number: int, answer: Answer) -> None:
        """
        The endpoint answers a process whose request is under way; what it asks for holds once it is told.
        """
        process = self.processes[number]
        if not process.sending:
            return
        promises = self.promises[process.credential]
        promises.in_flight -= 1
        process.told, process.told_at = answer, self.now
        match answer:
            case Grant(lifetime):
                self.requests += 1
                name = f"token-{self.requests}"
                # The endpoint may have issued it at any moment since it was asked: the earliest counts.
                self.expiries[name] = process.asked_at + lifetime
                reply = HttpResponse(200, (), encode_success(name, lifetime, ""))
            case Refuse():
                reply = HttpResponse(401, (), encode_error("invalid_client", "no"))
            case Limit(status, retry_after):
                reply = HttpResponse(status, (("Retry-After", str(retry_after)),))
            case Drop():
                self._fail(process)
                return
        self._proceed(process, reply)

    def serve(self, number: int, demand: TokenDemand, answer: Answer) -> None:
        """
        A process wants a token, nothing comes between, and the endpoint answers if it is asked.
        """
        self.call(number, demand)
        self.run(number, 20)
        self.answer(number, answer)
        self.run(number, 20)

    def pass_to_the_edge(self, number: int, offset: float) -> None:
        """
        Turn the clock to the end of what a process holds, or a little before or after it.
        """
        entry = self.processes[number].entry
        edges = [entry.token.expires_at, entry.token.renew_at] if entry.token else []
        edges += [backoff.until for backoff in (entry.pause, entry.refusal) if backoff]
        ahead = [edge + offset - self.now for edge in edges if edge + offset > self.now]
        if ahead:
            self.pass_time(min(ahead))

    def kill(self, number: int) -> None:
        """
        End a process at once, wherever it is; the system gives its lock back, and a new process takes its place.
        """
        process = self.processes[number]
        if process.sending:
            self.promises[process.credential].in_flight -= 1
        self._unlock(process)
        self.processes[number] = Process(process.credential)

    def pass_time(self, seconds: float) -> None:
        """
        Turn the clock; requests that are under way for too long get no answer.

        Before, and whenever somebody gives up, everybody goes on to where they wait: what takes no time takes none.
        """
        end = self.now + seconds
        self._settle()
        while late := [one for one in self.processes if one.sending and one.asked_at + TIME_LIMIT <= end]:
            process = min(late, key=lambda one: one.asked_at)
            self.now = max(self.now, process.asked_at + TIME_LIMIT)
            self.promises[process.credential].in_flight -= 1
            self._fail(process)
            self._settle()
        self.now = end

    def _settle(self) -> None:
        for number in (*range(len(self.processes)), *range(len(self.processes))):  # the first may wait for the last
            self.run(number, 50)

    def _asking(self, process: Process) -> Asking:
        settings = ClientSettings(URL, f"client-{process.credential}", SecretText("s"), None)
        return Asking(settings, lambda now: token_request(settings, now), lambda: self.jitter)

    def _is_free(self, process: Process) -> bool:
        release = self.cache.lock(self.keys[process.credential])
        if release:
            release()
        return release is not None

    def _use(self, token: Token) -> None:
        self.uses += 1
        assert self.now < self.expiries[token.access_token.reveal()], "a token was used after its expiry"

    def _fail(self, process: Process) -> None:
        assert process.flow
        process.told = Drop()
        try:
            process.step = process.flow.throw(TransportError(TransportErrorKind.TIMED_OUT))
        except StopIteration as end:
            self._finish(process, end.value)

    def _proceed(self, process: Process, reply: Reply) -> None:
        assert process.flow
        try:
            process.step = process.flow.send(reply)
        except StopIteration as end:
            self._finish(process, end.value)
            return
        if isinstance(process.step, Sleep | Wait):
            process.wakes_at = self.now + process.step.seconds
        if process.sending:
            self._check_request(process)

    def _check_request(self, process: Process) -> None:
        promises = self.promises[process.credential]
        process.asked_at = self.now
        promises.in_flight += 1
        assert promises.in_flight == 1, "two requests of one credential are under way"
        assert self.now >= process.pause_known, "a request left while the endpoint was to be left alone"
        assert process.demand.forced or self.now >= process.refusal_known, "a refused credential was tried again"
        token = self.cache.look(self.keys[process.credential]).token
        old = process.demand.max_age is not None
        wanted = process.demand.forced or old or token is None or process.demand.instead_of == token.access_token
        fresh = token is not None and token.freshness(self.now) is Freshness.FRESH
        assert wanted or not fresh, "a token was asked for while a fresh one was there"

    def _perform(self, process: Process, step: Step) -> Reply:
        key, promises = self.keys[process.credential], self.promises[process.credential]
        match step:
            case Clock():
                return self.now
            case Look():
                process.entry = self.cache.look(key)
                # What another process is just being told cannot be known yet; what it kept must be.
                process.pause_known, process.refusal_known = self.paused_until, promises.refused_until
                return Seen(process.entry, self.now)
            case Lock():
                process.release = self.cache.lock(key)
                return process.release is not None
            case Unlock():
                self._unlock(process)
            case Keep(entry):
                process.entry = entry
                self.cache.keep(key, entry)
                self._note(process, promises)
            case Tell():
                pass
            case _:
                raise TypeError("not a step to perform")
        return None

    def _note(self, process: Process, promises: Promises) -> None:
        """
        From now on everybody can know what the endpoint told this process.
        """
        match process.told:
            case Limit(retry_after=seconds):
                self.paused_until = max(self.paused_until, process.told_at + min(seconds, LONGEST_BACKOFF))
            case Refuse():
                promises.refused_until = process.told_at + COOL_DOWN
            case Grant():
                promises.refused_until = 0.0

    def _unlock(self, process: Process) -> None:
        if process.release:
            process.release()
            process.release = None

    def _finish(self, process: Process, outcome: Token | Backoff | bool | None) -> None:  # noqa: FBT001 - what a flow returns
        self._unlock(process)
        process.flow = process.step = None
        if isinstance(outcome, Token):
            self._use(outcome)


def play(world: World, chance: random.Random) -> None:
    """
    Have one thing happen, at random.
    """
    number = chance.randrange(4)
    entry = world.processes[number].entry.token
    refused = entry.access_token if entry and chance.random() < 0.1 else None
    demand = TokenDemand(chance.choice([0.0, 30.0]), refused, forced=chance.random() < 0.02)
    limit = Limit(chance.choice([429, 503]), chance.randrange(120))
    grant = Grant(chance.choice([60, 300, 3600, 86_400]))
    answers: list[Answer] = [grant, limit, Refuse(), Drop()]
    answer = chance.choices(answers, [12, 2, 1, 1])[0]
    match chance.randrange(8):
        case 0:
            world.call(number, demand)
        case 1:
            world.run(number, chance.randrange(1, 8))
        case 2:
            world.answer(number, answer)
        case 3:
            world.serve(number, demand, answer)
        case 4:
            world.pass_time(chance.expovariate(1 / 600))
        case 5:
            world.pass_time(chance.expovariate(1 / 86_400))
        case 6:
            world.pass_to_the_edge(number, chance.uniform(-2, 15))
        case _ if chance.random() < 0.1:
            world.kill(number)
