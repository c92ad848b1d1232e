"""A reader of changes for tests: somebody with given rights, who keeps the cursor and what it was told."""

from collections.abc import Iterable
from typing import Any

from tessera.context import EVERYTHING, Actor, Reach
from tessera.fields import new_id
from tessera.graph.ids import decode
from tessera.testing.asking import ask
from tessera.testing.plugin import entered

ASK = """query ($since: String, $types: [String!], $first: Int) {
    changes(since: $since, types: $types, first: $first) {
        items { type id op cursor } cursor hasMore epoch resyncRequired types } }"""


def reader_of(*permissions: str, reach: Reach = EVERYTHING, member: Any = None) -> Actor:
    """Return a member with just the given rights."""
    return Actor(kind="member", member_id=member or new_id(), name="bob", grants=dict.fromkeys(permissions, reach))


class Reader:
    """Asks for changes as `actor` and goes on from what it was answered; the first answer is asked for at once."""

    def __init__(
        self, tenant: Any, actor: Actor, types: Iterable[str] | None = None, modules: frozenset[str] | None = None
    ) -> None:
        self.tenant, self.actor, self.modules = tenant, actor, modules
        self.types = None if types is None else list(types)
        self.cursor: str | None = None
        self.more()

    def ask(self, since: str | None, first: int = 50) -> dict[str, Any]:
        """Return one answer, as the API gives it."""
        with entered(self.tenant, actor=self.actor, modules=self.modules):
            body = ask(ASK, since=since, types=self.types, first=first)
        assert "errors" not in body, body
        return body["data"]["changes"]

    def more(self, first: int = 50) -> dict[str, Any]:
        """Return the next answer, and go on from it next time."""
        answer = self.ask(self.cursor, first)
        self.cursor = answer["cursor"]
        return answer

    def told(self, first: int = 50) -> list[tuple[str, str, Any]]:
        """Return all that is to be told now, as (type, operation, key)."""
        found, more = [], True
        while more:
            answer = self.more(first)
            assert not answer["resyncRequired"]
            found += [(each["type"], each["op"], decode(each["id"])[1]) for each in answer["items"]]
            more = answer["hasMore"]
        return found


def saved(row: Any, **values: Any) -> Any:
    """Save a row with these values and return it."""
    for name, value in values.items():
        setattr(row, name, value)
    row.save()
    return row


def unique(name: str) -> str:
    """Return a name that no other test has given."""
    return f"{name} {new_id()}"


def gone(row: Any) -> Any:
    """Delete a row and return the key it had."""
    key = row.pk
    row.delete()
    return key
