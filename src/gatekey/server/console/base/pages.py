"""Pages out of templates, with the headers that every answer of the console carries."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gatekey.oauth.vocabulary import in_order
from gatekey.server.console.base.context import MemberContext
from gatekey.server.console.base.refusals import Refusal
from gatekey.server.traffic.wording import ago, lasting

CONSOLE = Path(__file__).parent.parent
STATIC = CONSOLE / "static"

POLICY = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; script-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Content Security Policy Level 3: only our own files, nothing inline, in nobody's frame."""

ASSET_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}

HEADERS: Final = ASSET_HEADERS | {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Not `no-referrer`: with it browsers send `Origin: null` with our own forms (WHATWG Fetch, "append a request Origin
    # header"), and where they send no Sec-Fetch-Site either, own and foreign forms would look the same.
    "Referrer-Policy": "same-origin",
}

RETRY_SECONDS = 5
"""How soon a page is worth asking for again while the database does not answer."""


def page(context: MemberContext | None, template: str, *, status: int = 200, **facts: object) -> Response:
    """
    Return a page; every template may use `member`, `csrf` (both None where
    nobody is signed in) and its own facts.
    """
    return HTMLResponse(render(context, template, **facts), status, HEADERS)


def render(context: MemberContext | None, template: str, **facts: object) -> str:
    """Return a page's HTML."""
    member, csrf = (context.member, context.csrf) if context else (None, None)
    return TEMPLATES.get_template(template).render(member=member, csrf=csrf, **facts)


def refuse(context: MemberContext | None, refusal: Refusal) -> Response:
    """Return the page that says why not."""
    response = page(context, "refusal.html", status=refusal.status, refusal=refusal)
    if refusal.status == 503:  # noqa: PLR2004 - the one status that asks for a Retry-After (RFC 9110 section 15.6.4)
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def go_to(path: str) -> Response:
    """
    Send the browser to a path of ours with GET (303, RFC 9110 section
    15.4.4), never to a URL built from a header.
    """
    return RedirectResponse(path, 303, HEADERS)


def _asset(name: str) -> str:
    return f"/static/{name}?v={_EDITION}"


def _moment(when: datetime) -> str:
    utc = when.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y, %H:%M} UTC"


def _seconds(length: float) -> str:
    return "one second" if length == 1 else f"{length:g} seconds"


def _per_second(rate: float) -> str:
    if rate == 1:
        return "once per second"
    return f"{rate:g} times per second" if rate > 1 else f"once in {1 / rate:g} seconds"


def _edition() -> str:
    digest = hashlib.sha256()
    for file in sorted(path for path in STATIC.rglob("*") if path.is_file()):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


_EDITION = _edition()

TEMPLATES = Environment(
    loader=FileSystemLoader(CONSOLE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.globals["asset"] = _asset
TEMPLATES.filters["moment"] = _moment
TEMPLATES.filters["second"] = lambda seconds: _moment(datetime.fromtimestamp(seconds, UTC))
TEMPLATES.filters["iso"] = lambda seconds: datetime.fromtimestamp(int(seconds), UTC).isoformat()
TEMPLATES.filters["lasting"] = lasting
TEMPLATES.filters["ago"] = ago
TEMPLATES.filters["number"] = "{:,}".format
TEMPLATES.filters["in_order"] = in_order
TEMPLATES.filters["seconds"] = _seconds
TEMPLATES.filters["per_second"] = _per_second
