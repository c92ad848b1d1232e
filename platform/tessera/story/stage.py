"""How the story is told: numbered steps with their time and ids, and what is remembered between them."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tessera.story.client import Client, StoryFailed


@dataclass(frozen=True)
class Customer:
    """Who writes to the company and becomes its customer."""

    name: str = "Maple Street Bakery"
    contact: str = "June Park"
    email: str = "june@maplestreet.example"
    phone: str = "+1 617 555 0133"


class Stage:
    """The server the story plays on, its people, and everything that happened so far."""

    customer = Customer()

    def __init__(
        self, *, address: str, domain: str, mail: Path, record: Path, shop: str = "", say: Callable[[str], None] = print
    ) -> None:
        self.address, self.domain, self.mail, self.record, self.say = address, domain, mail, record, say
        self.shop = shop  # where the local Stripe answers, "" where there is none
        self.people: dict[str, Client] = {}
        self.logins: list[dict[str, str]] = []
        self.ids: dict[str, Any] = {}
        self.steps: list[dict[str, Any]] = []
        # allow naive-clock: it is the day on the person's own desk
        self.today = date.today()  # noqa: DTZ011  the day on the person's own desk
        self.current = "the beginning"

    def client(self, host: str) -> Client:
        """Return somebody at a host of the server, who has not signed in."""
        return Client(self.address, host)

    @contextmanager
    def step(self, title: str) -> Iterator[dict[str, Any]]:
        """Tell one step; what is put into the yielded dict is printed and recorded with it."""
        self.current = title
        found: dict[str, Any] = {}
        since = time.monotonic()
        yield found
        seconds = time.monotonic() - since
        self.steps.append({"step": title, "seconds": round(seconds, 3), **found})
        shown = "  ".join(f"{key}={value}" for key, value in found.items())
        self.say(f"{len(self.steps):3}. {title:66} {seconds:6.2f} s  {shown}")

    def check(self, what: str, found: Any, expected: Any) -> None:
        """Fail the story unless `found` is exactly `expected`."""
        if found != expected:
            raise StoryFailed(f"{what}: expected {expected}, found {found}")

    def until(self, what: str, look: Callable[[], Any], seconds: float = 30) -> Any:
        """Look again and again until `look` answers something; the workers need a moment."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if answer := look():
                return answer
            time.sleep(0.1)
        raise StoryFailed(f"waited {seconds:.0f} s for {what}")

    def save(self, outcome: str) -> None:
        """Write the record of the story."""
        self.record.parent.mkdir(parents=True, exist_ok=True)
        told = {"outcome": outcome, "people": self.logins, "ids": self.ids, "steps": self.steps}
        self.record.write_text(json.dumps(told, indent=2, ensure_ascii=False, default=str) + "\n")
