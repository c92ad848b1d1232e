"""Pages for a browser, made from the files in `templates`; what is put in is escaped unless it was made here."""

import html
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template

from billing.local_stripe.routing import Page

TEMPLATES = Path(__file__).parent / "templates"


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def part(template: str, /, **values: object) -> Html:
    """Fill a template; each value is escaped unless it is Html."""
    safe = {key: value if isinstance(value, Html) else html.escape(str(value)) for key, value in values.items()}
    return Html(Template((TEMPLATES / f"{template}.html").read_text()).substitute(safe))


def parts(template: str, rows: Iterable[Mapping[str, object]]) -> Html:
    """Fill a template for each row."""
    return Html("".join(part(template, **row) for row in rows))


def whole(title: str, body: Html, *, status: int = 200) -> Page:
    """Return a page."""
    return Page(part("page", title=title, body=body), status)


def notice(title: str, text: str, *, status: int = 200, link: str = "", label: str = "") -> Page:
    """Return a page that says one thing, with a way on."""
    return whole(
        title, part("notice", title=title, text=text, link=link, label=label, hidden="" if link else "hidden"), status=status
    )


def go(url: str) -> Page:
    """Send the browser on."""
    return Page("", 303, {"Location": url})


def alert(text: str | None) -> Html:
    """Return what went wrong, to be read out at once; nothing without a text."""
    return Html(f'<p class="alert" role="alert">{html.escape(text)}</p>') if text else Html("")
