"""How far back a page about limits looks: an hour, or a day."""

from dataclasses import dataclass

from gatekey.server.console.base.context import MemberContext


@dataclass(frozen=True, slots=True)
class Period:
    """A choice: `name` stands in addresses, `words` on pages."""

    name: str
    words: str
    minutes: int


HOUR = Period("1h", "Last hour", 60)
DAY = Period("24h", "Last 24 hours", 1_440)
PERIODS = (HOUR, DAY)


def period_of(context: MemberContext) -> Period:
    """Return the period that the address names; the last hour where it names none that we know."""
    chosen = context.request.query_params.get("last")
    return next((period for period in PERIODS if period.name == chosen), HOUR)
