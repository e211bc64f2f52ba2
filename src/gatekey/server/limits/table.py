"""
The file in which the processes of one host keep the states of addresses together.

A page of head, then buckets of sixteen places. An address belongs to one bucket, under a name of 62 bits; both come
from a hash with a key that is made with the file, so nobody can choose addresses that meet. A place is a name, a mark
and two copies of a state:

    bucket    16 words: name (62 bits) and mark (2 bits) of each place; zero where it is empty
              128 words: for each place the first and the second copy of its state, four words each

The mark says which copy counts. A change is written to the other copy, then name and mark are written as one aligned
word, which no processor tears: a process that is killed between any two instructions leaves either the old state or the
new one, also where one address takes the place of another.

Who reads or writes a bucket holds a POSIX record lock (`fcntl`) on its bytes. The kernel frees the locks of a process
that dies, and a forked child has none of its parent's, so nothing is left to clean up. Such locks are a process's, not
a thread's, and closing the file anywhere in the process drops them: one lock per process stands before them.
"""

import fcntl
import mmap
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from struct import Struct
from threading import Lock

from gatekey.errors import ServiceError
from gatekey.server.limits.model import AddressState

PLACES = 16
"""Per bucket: enough that one is rarely full while others are empty, few enough to look through in microseconds."""

# In the words and the byte order of the host, which alone reads the file; Python stores such words in one piece.
NAMES = Struct(f"@{PLACES}Q")
STATE = Struct("@QQQII")
HASH = Struct("@2Q")
HEAD = Struct("@16s36sQ32s")

BUCKET_SIZE = NAMES.size + 2 * PLACES * STATE.size
"""Bytes; 72 per place."""

HEAD_SIZE = 4096
"""Bytes; a page, so that buckets begin at a whole word and share no page with the key."""

LOCATED = 4096
"""Keys whose place in the file is remembered, so that they are not hashed again: as many as `key_for` remembers."""

FORMAT = b"gatekey limits 1"
MARK = 0b11
"""Bits of the mark; a name has the others."""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Another one after each start of the machine (random(4)), when the monotonic clock starts anew."""

_lock = Lock()
"""One thread of this process at a time. Acquired across a fork, so that no child starts with it locked."""
os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


def create_table(path: Path, capacity: int) -> None:
    """
    Make the file (0600) with at least `capacity` places, all written once, so that the room for them is taken now.

    A file from before that fits and that this start of the machine has written is kept: what it says still holds. Any
    other is replaced. Raises `ServiceError` when the file cannot be written.
    """
    buckets = max(1, -(-capacity // PLACES))
    if _boot_id() and _fits(path, buckets):
        return
    try:
        file, making = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(file, "wb") as new:
                new.write(HEAD.pack(FORMAT, _boot_id(), buckets, secrets.token_bytes(32)).ljust(HEAD_SIZE, b"\0"))
                for _ in range(buckets):
                    new.write(bytes(BUCKET_SIZE))
            Path(making).replace(path)
        except BaseException:
            Path(making).unlink()
            raise
    except OSError as error:
        raise ServiceError(
            f"The limits of addresses cannot be kept in {path}: {error.strerror}.",
            hint="Make room there, or change the owner of the folder.",
        ) from error


def _fits(path: Path, buckets: int) -> bool:
    try:
        with _lock:
            file, _, present = _open_file(path)
            os.close(file)
    except (OSError, ServiceError):
        return False
    return present == buckets


class Table:
    """
    A file from `create_table`, mapped into this process. Raises `ServiceError` where there is none that can be
    trusted. `alone` says that no other process asks as long as it is open: no record lock is needed.
    """

    def __init__(self, path: Path, *, alone: bool = False) -> None:
        try:
            self._file, key, self._buckets = _open_file(path)
        except OSError as error:
            raise ServiceError(f"The limits of addresses cannot be read from {path}: {error.strerror}.") from error
        self._keyed = blake2b(digest_size=HASH.size, key=key)
        self._map = mmap.mmap(self._file, HEAD_SIZE + self._buckets * BUCKET_SIZE)
        self._words = memoryview(self._map).cast("Q")
        self._alone = alone
        self.locate = lru_cache(LOCATED)(self._locate)

    def close(self) -> None:
        """Let go of the file; what it says stays."""
        with _lock:
            self._words.release()
            self._map.close()
            os.close(self._file)

    def _locate(self, key: str) -> tuple[int, int]:
        """Return the bucket (as the place of its first byte) and the name under which the state of a key is kept."""
        keyed = self._keyed.copy()
        keyed.update(key.encode())
        bucket, name = HASH.unpack(keyed.digest())
        return HEAD_SIZE + bucket % self._buckets * BUCKET_SIZE, name & ~MARK

    def hold(self, bucket: int) -> None:
        """Wait until no other thread or process has the bucket, and have it until `release`."""
        _lock.acquire()
        if self._alone:
            return
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX, BUCKET_SIZE, bucket)
        except BaseException:
            _lock.release()
            raise

    def release(self, bucket: int) -> None:
        """Let others have the bucket."""
        try:
            if not self._alone:
                fcntl.lockf(self._file, fcntl.LOCK_UN, BUCKET_SIZE, bucket)
        finally:
            _lock.release()

    def find(self, bucket: int, name: int) -> tuple[int, AddressState] | tuple[None, None]:
        """Return the place of the bucket that has the name, and the state there."""
        names = NAMES.unpack_from(self._map, bucket)
        for mark in (1, 2):
            word = name | mark
            if word in names:
                place = names.index(word)
                at = bucket + NAMES.size + (2 * place + mark - 1) * STATE.size  # without a call: nearly every request
                return place, AddressState(*STATE.unpack_from(self._map, at))
        return None, None

    def vacancy(self, bucket: int) -> int | None:
        """Return a place of the bucket that is empty."""
        names = NAMES.unpack_from(self._map, bucket)
        return names.index(0) if 0 in names else None

    def read_all(self, bucket: int) -> Iterator[AddressState | None]:
        """Yield what is remembered in each place of the bucket."""
        for place, word in enumerate(NAMES.unpack_from(self._map, bucket)):
            mark = word & MARK
            yield AddressState(*STATE.unpack_from(self._map, _copy(bucket, place, mark))) if mark else None

    def write(self, bucket: int, place: int, name: int, state: AddressState) -> None:
        """Remember the state under the name, in place of whatever was there."""
        word = (bucket >> 3) + place
        mark = 2 if self._words[word] & MARK == 1 else 1
        STATE.pack_into(self._map, _copy(bucket, place, mark), *state)
        self._words[word] = name | mark

    def clear(self, bucket: int, place: int) -> None:
        """Make a place of the bucket empty again."""
        self._words[(bucket >> 3) + place] = 0


def _copy(bucket: int, place: int, mark: int) -> int:
    return bucket + NAMES.size + (2 * place + mark - 1) * STATE.size


def _open_file(path: Path) -> tuple[int, bytes, int]:
    """
    Return the opened file, its key and its number of buckets; in a folder of all, somebody else may have put one
    there.
    """
    file = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(file)
        head = os.pread(file, HEAD.size, 0).ljust(HEAD.size, b"\0")
        form, boot, buckets, key = HEAD.unpack(head)
        private = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077
        current = form == FORMAT and boot.rstrip(b"\0") == _boot_id()
        whole = status.st_size == HEAD_SIZE + buckets * BUCKET_SIZE
        if private and current and whole:
            return file, key, buckets
    except BaseException:
        os.close(file)
        raise
    os.close(file)
    raise ServiceError(
        f"{path} is not the file in which this service keeps the limits of addresses.",
        hint="Remove it; the service makes it anew when it starts.",
    )


def _boot_id() -> bytes:
    """Return what tells this start of the machine from others; nothing where nothing does, so no file is kept."""
    try:
        return BOOT_ID.read_bytes().strip()
    except OSError:
        return b""
