"""The console's table of refusals: what a person reads, under which HTTP status."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """
    A request that is not done: `title` and `public` are for the person, `reason` for the operator.

    `command` is what helps, to be typed where Gatekey runs.
    """

    status: int
    title: str
    public: str
    reason: str
    command: str | None = None


NO_PAGE = Refusal(404, "No such page", "There is nothing at this address.", "unknown path")
NO_CLUSTER = Refusal(404, "No such cluster", "There is no cluster with this id.", "unknown cluster")
NO_CLIENT = Refusal(
    404, "No such client", "This cluster has no client with this id. Perhaps it was deleted.", "unknown client"
)
NO_SECRET = Refusal(
    404, "No such secret", "This client has no working secret with this id. Perhaps it has ended.", "unknown secret"
)
NO_ADDRESS = Refusal(
    404, "No such address", "An address is written like 192.0.2.7 or 2001:db8::/64.", "not an IP address"
)
NEVER_ASKED = Refusal(
    404, "No such client", "There was never a client with this id, and nobody asked with it lately.", "unknown id"
)
FORGED = Refusal(
    403,
    "This form is not valid any more",
    "Nothing was changed. Open the page again and repeat the step there.",
    "form without this session's token, or from another site",
)
MALFORMED = Refusal(400, "This form could not be read", "Nothing was changed.", "malformed form")
NO_FORM = Refusal(415, "This form could not be read", "Nothing was changed.", "body is not urlencoded")
TOO_LARGE = Refusal(413, "This form is too large", "Nothing was changed.", "form too large")
UNAVAILABLE = Refusal(
    503,
    "One moment, please",
    "Gatekey cannot reach its database just now. Try this page again in a few seconds.",
    "storage unavailable",
)
LINK_SPENT = Refusal(
    403,
    "This sign-in link does not work any more",
    "A link works once, within an hour. Make a new one where Gatekey runs, and open it here:",
    "sign-in link used, expired or unknown",
    command="gatekey sign-in",
)
