"""Who asked for tokens and how it ended, counted by minute and written in batches: never on the token path."""

from collections.abc import Callable
from threading import Lock

from gatekey.errors import StorageUnavailable
from gatekey.server.events.model import Event, OAuthAnswered, Outcome
from gatekey.server.storage.traffic.request_history import BATCH, SAME_BLOCK_SECONDS, SqlRequestHistory, batches
from gatekey.server.traffic.counting import MinuteCounter
from gatekey.server.traffic.history import MINUTE, Block

BLOCKS = 1_000
"""Addresses whose current block is remembered; blocks beyond are counted by minute like everything else."""


class RequestRecorder:
    """The `Observer` port: counts until `flush` writes. `now` returns seconds since 1970."""

    def __init__(self, history: SqlRequestHistory, now: Callable[[], float]) -> None:
        self._history = history
        self._now = now
        self._counter = MinuteCounter()
        self._blocked: dict[str, float] = {}
        """When the block ends that was told of last, by address."""
        self._blocks: list[Block] = []
        self._lock = Lock()

    def tell(self, event: Event) -> None:
        """Take one event; counting it is all it costs."""
        if not isinstance(event, OAuthAnswered):
            return
        now = self._now()
        with self._lock:
            self._counter.count(int(now // MINUTE), event)
            if event.blocked_for:
                self._note_block(event, now)

    def flush(self) -> None:
        """Write what was counted. Raises `StorageUnavailable`; then it is kept for the next time, the newest first."""
        with self._lock:
            counts, blocks = self._counter.drain(), self._blocks
            self._blocks = []
        rows = list(counts.items())
        written = 0
        try:
            if blocks:
                self._history.add_blocks(blocks)
                blocks = []
            for some in batches(rows, BATCH):
                self._history.add(dict(some))
                written += len(some)
        except StorageUnavailable:
            with self._lock:
                self._counter.put_back(dict(rows[written:]))
                self._blocks = [*blocks, *self._blocks][-BLOCKS:]
            raise

    def _note_block(self, event: OAuthAnswered, now: float) -> None:
        ends = now + event.blocked_for
        if ends <= self._blocked.get(event.address, 0.0) + SAME_BLOCK_SECONDS:
            return
        if len(self._blocked) >= BLOCKS:
            self._blocked = {address: end for address, end in self._blocked.items() if end > now}
        if len(self._blocked) < BLOCKS and len(self._blocks) < BLOCKS:
            self._blocked[event.address] = ends
            self._blocks.append(Block(event.address, now, ends, event.outcome is Outcome.BLOCKED))
