"""Two companies with equal keys, codes and addresses; the owner of one asks, and must meet nothing of the other."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from graphql import GraphQLSchema

from tenants.directory import modules_on
from tessera.accounts.models import Account
from tessera.accounts.services import add_membership
from tessera.graph.schemas import schema_for
from tessera.testing.probing import Coverage, returned_enums
from tessera.testing.sweep.canaries import AMBER, COBALT, MarkedRows
from tessera.testing.sweep.changes import Changes
from tessera.testing.sweep.documents import MOST, NOWHERE, Reads, packed
from tessera.testing.sweep.findings import Leak, Sweep
from tessera.testing.sweep.worlds import ASKING, Place, raw

BOTH, ONLY_THERE = 0, 2  # numbers of rows: one that is in both companies, one that only the other has
MOST_CHANGES = 8
PARTS = ("pages", "rows", "narrowed", "grouped", "searched", "nested", "reports", "changes")
LOOKED_FOR = "COBAL"  # begins the other's texts and is not one of them, so an answer may repeat what was asked


class World:
    """Two places, of which `asked` is asked about `other`; `judge` says what its answers may not tell."""

    def __init__(self, asked: Place, other: Place, numbers: Iterable[int]) -> None:
        self.asked, self.other, self.numbers = asked, other, tuple(numbers)
        self.modules = modules_on(asked.tenant)
        self.schema: GraphQLSchema = schema_for(self.modules)

    def prepared(self, place: Place) -> None:
        """Read the cursors of both places; the documents name keys and cursors of `place`."""
        for each in (self.asked, self.other):
            each.read_cursors(shape.resource for shape in self.schema.extensions["shapes"])
        self.reads = Reads(self.schema, self.asked, place, (LOOKED_FOR,), self.numbers)
        self.changes = Changes(self.schema, place, LOOKED_FOR)

    def ask(self, place: Place, text: str) -> Any:
        """Ask a place as whoever asks in this world."""
        return place.post(text)

    def judge(self, text: str, response: Any) -> None:
        """Raise Leak where an answer tells what it must not."""
        raise NotImplementedError

    def parts(self) -> dict[str, Callable[[], Iterator[str]]]:
        """Return the parts of the sweep by name, each a function that yields documents."""
        most = {"nested": 2}  # a document takes only so many aliases
        found = {name: lambda name=name: packed(getattr(self.reads, name)(), most=most.get(name, MOST)) for name in PARTS[:-1]}
        return found | {"changes": self.changed}

    def changed(self) -> Iterator[str]:
        """Yield every mutation with keys of each number, and again until every value of its enums was given."""
        texts = [self.changes.text(name, number) for number in self.numbers for name in self.changes.names()]
        for name in self.changes.names():
            texts += [self.changes.text(name, self.numbers[0], turn=turn) for turn in range(1, self.changes.turns(name))]
        yield from packed(texts, "mutation", MOST_CHANGES)

    def coverage(self) -> Coverage:
        """Return what the documents of all parts visit."""
        found = Coverage(self.schema)
        for documents in self.parts().values():
            for text in documents():
                found.note(text)
        return found

    def sweep(self, *names: str, every: int = 1) -> Sweep:
        """Ask the named parts, of their documents one in `every`; raise Leak at the first answer that tells too much."""
        found = Sweep(self.asked, self.ask, self.judge)
        for name in names:
            found.run(islice(self.parts()[name](), 0, None, every))
        return found


def unseen(coverage: Coverage) -> list[tuple[str, ...]]:
    """Return the places that no document has visited, without the enums that only answers use."""
    returned = returned_enums(coverage.schema)
    return sorted(place for place in coverage.places() - coverage.seen if place[0] not in returned)


class Companies(World):
    """The world in which one company is asked about another."""

    def __init__(self, asked: Any, other: Any) -> None:
        super().__init__(Place(asked, MarkedRows(AMBER), 0, 1), Place(other, MarkedRows(COBALT), 0, 1, 2), (BOTH, ONLY_THERE))
        self.account = Account.objects.create_user("ada@example.com", "correct horse 42", name="Ada")
        self.missing: dict[Any, str] = {}
        for place in (self.asked, self.other):
            self.missing |= place.fill()
            place.admit(self.account, place.newcomer(ASKING, f"{place.rows.mark} Ada"))
            add_membership(account_id=self.account.pk, tenant_id=place.tenant.pk)
        self.prepared(self.other)

    def judge(self, text: str, response: Any) -> None:
        if found := COBALT.found_in(raw(response)):
            raise Leak(f"{', '.join(found)} of the other company in the answer to {text[:400]}")

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield documents that name rows of the other company, each with the same document about nothing."""
        here = Reads(self.schema, self.asked, self.other, (LOOKED_FOR,), (ONLY_THERE,))
        nothing = Reads(self.schema, self.asked, _Nothing(self.other), (LOOKED_FOR,), (NOWHERE,))
        for name in ("rows", "narrowed", "reports"):
            yield from zip(packed(getattr(here, name)()), packed(getattr(nothing, name)()), strict=True)
        for optional in (False, True):
            both = [
                packed(
                    (self.changes.text(name, number, optional=optional) for name in self.changes.names()),
                    "mutation",
                    MOST_CHANGES,
                )
                for number in (ONLY_THERE, NOWHERE)
            ]
            yield from zip(*both, strict=True)


class _Nothing(Place):
    """A place without rows: its keys are those of nothing, its cursors another's."""

    def __init__(self, place: Place) -> None:
        super().__init__(place.tenant, place.rows)
        self.cursors = place.cursors
