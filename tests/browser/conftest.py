"""The product served on loopback, and a person in Chromium who notices what is wrong with a page.

Chromium is the machine's own; without one these tests are skipped and say so.
"""

import shutil
import threading
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connections
from playwright.sync_api import Browser, Page, sync_playwright
from tessera.outbox.hints import client

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = {"desk": 1280, "phone": 360}
LANGUAGES = {"en": "en-US", "zh-hans": "zh-CN"}
# What a page must have for everybody: each line is a rule and the script that lists what breaks it.
RULES = {
    "scrolls sideways": "document.documentElement.scrollWidth > innerWidth ? [document.documentElement.scrollWidth] : []",
    "headings of the first level other than one": "(n => n == 1 ? [] : [n])(document.querySelectorAll('h1').length)",
    "main parts other than one": "(n => n == 1 ? [] : [n])(document.querySelectorAll('main').length)",
    "fields without a label": "[...document.querySelectorAll('input:not([type=hidden]), select, textarea')]"
    ".filter(e => !e.labels.length && !e.ariaLabel).map(e => e.outerHTML)",
    "buttons and links without a name": "[...document.querySelectorAll('a, button')].filter(e => !e.innerText.trim()).map(e => e.outerHTML)",
    "pictures without words": "[...document.querySelectorAll('img:not([alt]), svg:not([aria-hidden]):not([aria-label])')].map(e => e.outerHTML)",
    "ids that are there twice": "[...document.querySelectorAll('[id]')].map(e => e.id).filter((id, n, all) => all.indexOf(id) != n)",
    "descriptions that are not there": "[...document.querySelectorAll('[aria-describedby]')]"
    ".flatMap(e => e.getAttribute('aria-describedby').split(' ')).filter(id => !document.getElementById(id))",
    "errors that are not tied to their field": "[...document.querySelectorAll('.errorlist:not(.nonfield)')]"
    '.filter(e => !document.querySelector(`[aria-invalid=true][aria-describedby~="${e.id}"]`)).map(e => e.outerHTML)',
}
FOCUS = "(s => s.outlineStyle != 'none' && parseFloat(s.outlineWidth) >= 2)(getComputedStyle(document.activeElement))"


class Server(ThreadingMixIn, WSGIServer):
    """A browser opens connections ahead of need; one that waits must not keep the others out."""

    daemon_threads = True

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, and let go of its connections in that thread, however the request ended."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            connections.close_all()


class Quiet(WSGIRequestHandler):
    """A handler that logs nothing."""

    def log_message(self, *_rest: Any) -> None:
        pass


@dataclass
class Person:
    """Somebody at a browser, who reads `language`; every page that is looked at must keep the rules."""

    page: Page
    language: str
    accounts: str
    trouble: list[str] = field(default_factory=list)

    def open(self, url: str) -> None:
        """Go to an address, a path being one of the accounts host, and look at the page."""
        self.page.goto(url if "://" in url else f"{self.accounts}{url}")
        self.look()

    def press(self, button: str = "main form button") -> None:
        """Press a button, wait for the page that comes, and look at it."""
        with self.page.expect_navigation():
            self.page.click(button)
        self.look()

    def look(self) -> None:
        """Fail unless the page that is open keeps every rule."""
        found = {rule: self.page.evaluate(script) for rule, script in RULES.items()}
        assert {rule: broken for rule, broken in found.items() if broken} == {}, self.page.url
        assert self.page.evaluate("document.documentElement.lang") == self.language
        assert self.page.title().endswith("Tessera")

    def text(self) -> str:
        """Return what the page says."""
        return self.page.inner_text("main")


@pytest.fixture
def accounts(tenant: Any, settings: Any, tmp_path: Any) -> Any:
    """Serve the product with its mail in files, as in development; yields the address of the accounts host."""
    if counted := client().keys("sys:signup:*"):
        client().delete(*counted)
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path
    with make_server("127.0.0.1", 0, get_wsgi_application(), server_class=Server, handler_class=Quiet) as server:
        settings.BASE_DOMAIN = f"localhost:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://{settings.BASE_DOMAIN}"
        server.shutdown()
        thread.join()


@pytest.fixture
def chromium(accounts: str) -> Any:
    """Start Chromium, and end it before the test's database goes."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def person(chromium: Browser, accounts: str) -> Any:
    """Return a function that seats a person at a browser; what the console complained of fails the test."""
    seated: list[Person] = []

    def seat(*, width: str = "desk", language: str = "en", **options: Any) -> Person:
        context = chromium.new_context(viewport={"width": WIDTHS[width], "height": 800}, locale=LANGUAGES[language], **options)
        one = Person(context.new_page(), language, accounts)
        one.page.on("console", lambda said: one.trouble.append(said.text) if said.type == "error" else None)
        one.page.on("pageerror", lambda error: one.trouble.append(str(error)))
        seated.append(one)
        return one

    yield seat
    assert [one.trouble for one in seated if one.trouble] == []
