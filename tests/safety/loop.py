"""The closed loop as people with bad connections live it: whatever gets no answer is sent again, with the same key."""

import copy
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
from tessera.story import tale
from tessera.story.acts import closing, selling
from tessera.story.client import Client, StoryFailed
from tessera.story.companies import Company, sample
from tessera.story.stage import Customer, Stage

from tests.safety.stack import Stack

PATIENCE = 120.0  # seconds
FOUNDING = tale.ACTS[: tale.ACTS.index(selling.capture_and_convert)]
LOOP = tale.ACTS[len(FOUNDING) : tale.ACTS.index(closing.draw_graph)]


class Stubborn(Client):
    """Sends a request again until it is answered, as a phone in a tunnel does; a mutation keeps its key."""

    sent_again = 0

    def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answer = super()._send(method, path, **content)
            except httpx.TransportError as error:
                found = repr(error)
            else:
                if not _unavailable(answer):
                    return answer
                found = f"{answer.status_code} {answer.text[:300]}"
            if time.monotonic() > deadline:
                raise StoryFailed(f"{method} {path} got no answer in {PATIENCE:.0f} s: {found}")
            self.sent_again += 1
            time.sleep(0.1)

    def payload(self, mutation: str, select: str, **arguments: Any) -> dict[str, Any]:
        return super().payload(mutation, select, **arguments, idempotencyKey=uuid4().hex)

    def submit(self, path: str, fields: dict[str, str]) -> None:
        """Send a form, which has no key: one that was sent before may be refused as done already."""
        before = self.sent_again
        try:
            super().submit(path, fields)
        except StoryFailed as refusal:
            if self.sent_again == before or "answered already" not in str(refusal):
                raise


def _unavailable(answer: httpx.Response) -> bool:
    """Say whether an answer only says that there is none now."""
    if answer.status_code >= 500 or answer.status_code == 429:
        return True
    if "json" not in answer.headers.get("content-type", ""):
        return False
    errors = answer.json().get("errors") or ()
    return any(error["extensions"]["code"] in ("INTERNAL", "TIMEOUT") for error in errors)


class Loops(Stage):
    """The stage of one loop after another, each with a customer of its own; the workers get all the time they need."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(address=stack.address, domain=stack.domain, mail=stack.mail, record=stack.mail, say=lambda line: None)
        self.company = sample()
        self.company.opening = [row | {"quantity": str(int(row["quantity"]) * 1_000)} for row in self.company.opening]
        self.played: list[Loops] = []

    def client(self, host: str) -> Client:
        return Stubborn(self.address, host)

    def until(self, what: str, look: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        return super().until(what, look, max(seconds, PATIENCE))

    def found(self) -> None:
        """Found the company, once, while nothing is killed."""
        _play(FOUNDING, self, self.company)

    def play(self) -> None:
        """Take one more customer from lead to cash and back."""
        loop = copy.copy(self)
        name = uuid4().hex
        loop.ids, loop.steps = dict(self.ids), []
        loop.customer = Customer(
            name=name, contact=f"June {name[:8]}", email=f"{name}@example.com", phone=f"+1 {int(name, 16) % 10**10}"
        )
        _play(LOOP, loop, self.company)
        self.played.append(loop)

    def look(self, loops: "list[Loops]") -> None:
        """See that each of these loops has one of each document, and that the books balance."""
        for loop in loops:
            _play((closing.draw_graph,), loop, self.company)
        _play((closing.check_books,), self, self.company)


def _play(acts: tuple[Callable[[Stage, Company], None], ...], stage: Stage, company: Company) -> None:
    for act in acts:
        act(stage, company)
