"""What the operator is told of a store that is away."""

from redis import exceptions

LOGIN_REFUSED = "the store refuses our user or secret"
RIGHTS_MISSING = "the store forbids our user EVALSHA, EVAL, TIME, GET, SET or DEL on gatekey:*"
CLUSTER = "the store is a cluster, which is not supported"

KINDS: tuple[tuple[type[Exception], str], ...] = (
    (exceptions.TimeoutError, "the store does not answer in time"),
    (exceptions.BusyLoadingError, "the store is still loading its data"),
    (exceptions.ReadOnlyError, "this store is a replica and takes no writes"),
    (exceptions.OutOfMemoryError, "the store is full: it knows who is blocked, and takes nothing new"),
    (exceptions.AuthenticationError, LOGIN_REFUSED),
    (exceptions.AuthenticationWrongNumberOfArgsError, LOGIN_REFUSED),
    (exceptions.NoPermissionError, RIGHTS_MISSING),
    (exceptions.AskError, CLUSTER),
    (exceptions.ClusterError, CLUSTER),
    (exceptions.InvalidResponse, "the store answers what no store would"),
)
"""What the operator is told of an error; the first that fits."""

TEXTS = (
    ("Protocol error: unauthenticated", LOGIN_REFUSED),  # our questions are longer than strangers may send
    ("The user executing the script can't run this command", RIGHTS_MISSING),
)
"""Errors of Redis 7 that have no code of their own, by how they begin."""


def in_words(error: Exception) -> str:
    """Return what the operator has to know: never the store's own text, which may quote what it was sent."""
    text = str(error)
    known = [words for kind, words in KINDS if isinstance(error, kind)]
    known += [words for beginning, words in TEXTS if text.startswith(beginning)]
    if known:
        return known[0]
    if not isinstance(error, exceptions.ResponseError):
        return "the store cannot be reached"
    code = text.split(" ", 1)[0]
    return f"the store refuses to work ({code})" if code.isupper() else "the store refuses to work"
