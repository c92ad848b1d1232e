"""A person at a browser, as far as the story needs one: pages with a form that is filled in and sent."""

import re
from html import unescape
from urllib.parse import urlsplit

import httpx  # allow raw-http: the story is a client of this very machine

from tessera.story.client import StoryFailed

_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def submit_form(address: str, url: str, fields: dict[str, str]) -> httpx.Response:
    """Open the page at `url`, send its form with `fields`, and return what comes back; must end in a redirect."""
    parts = urlsplit(url)
    headers = {"Host": parts.netloc, "Referer": url, "Origin": f"{parts.scheme}://{parts.netloc}"}
    with httpx.Client(base_url=f"http://{address}", timeout=60) as browser:
        page = browser.get(parts.path, headers=headers)
        found = _CSRF.search(page.text)
        if page.status_code != 200 or found is None:
            raise StoryFailed(f"GET {url} answered {page.status_code} without a form")
        cookies = "; ".join(f"{name}={value}" for name, value in page.cookies.items())
        sent = browser.post(
            parts.path,
            data=fields | {"csrfmiddlewaretoken": unescape(found.group(1))},
            headers=headers | {"Cookie": cookies},
        )
    if sent.status_code not in (302, 303):
        raise StoryFailed(f"POST {url} answered {sent.status_code}: {sent.text[:600]}")
    return sent


def pay(shop: str, url: str, *, card: str) -> None:
    """Pay a checkout on the page of the local Stripe at `shop`, with a test card by its name; must end in a redirect back."""
    if not url.startswith(f"{shop}/"):
        raise StoryFailed(f"{url} is no page of {shop}")
    with httpx.Client(timeout=60) as browser:
        paid = browser.post(url, data={"action": "pay", "card": card})
    if paid.status_code not in (302, 303):
        raise StoryFailed(f"POST {url} answered {paid.status_code}: {paid.text[:600]}")
