"""One company seen twice, equal but for what a member of it may not see: rows out of reach, and fields without their right.

Each tenant holds one secret of its own in those places. The same member asks the same in both; an
answer that differs, or holds the secret, tells of it. Where a list can be ordered by a protected column the
member sees two rows, whose order by it is another in each tenant. A key of a hidden row is given to every
mutation as well, and has to be answered like one of nothing.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import count, islice
from typing import Any
from unittest.mock import patch
from uuid import UUID

from django.apps import apps
from django.db import models

from tessera.access.models import Member
from tessera.accounts.models import Account
from tessera.accounts.services import add_membership
from tessera.graph.ids import decode
from tessera.graph.names import lower_first
from tessera.permissions import all_permissions
from tessera.resource import RESOURCES, Resource, resource_of
from tessera.testing.rows import key_of
from tessera.testing.sweep.canaries import AMBER, Canary, MarkedRows
from tessera.testing.sweep.changes import Changes
from tessera.testing.sweep.companies import MOST_CHANGES, World
from tessera.testing.sweep.documents import NOWHERE, packed
from tessera.testing.sweep.findings import Leak, Sweep, body_of, difference, undone
from tessera.testing.sweep.worlds import Place, raw
from tessera.unit_of_work import unit_of_work

MINE, HIDDEN = 0, 1  # numbers of rows: those of the member who asks and of its company, and others'
TWIN = 2  # the number of a further row that the member sees, with the keys of MINE
SECRETS = (Canary("COBALTONE", 7717, 2071), Canary("COBALTTWO", 7718, 2072))
ANSWERING = 1 << 60  # where the keys begin that are made while it answers
NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
CHANCE = {
    "secret",
    "prefix",
    "sha256",
    "tenant",
    "tenantId",
    "link",  # leads to the tenant itself
    "cursor",
    "startCursor",
    "endCursor",
    "epoch",
    "dueAt",
    "download",
    "uploadUrl",
    "resultUrl",
}  # no two answers share them


SEEDED_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00")  # what the world makes is made at whole seconds


def is_scoped(resource: Resource) -> bool:
    """Say whether a resource is seen in part by those whose rights reach less than everything."""
    scope = resource.scope
    return bool(scope.owner or scope.unit or scope.company or scope.on_record)


class SecretRows(MarkedRows):
    """Rows that are the same everywhere, but for a secret in hidden rows and in protected columns."""

    def __init__(self, secret: Canary) -> None:
        super().__init__(AMBER)
        self.secret = secret

    def canary_of(self, model: type[models.Model], column: Any, number: int) -> Canary:
        resource = resource_of(model)
        if resource is None:
            return AMBER
        hidden = number >= HIDDEN and number != TWIN and is_scoped(resource)
        return self.secret if hidden or column.name in resource.field_rights else AMBER

    def _value(self, model: type[Any], column: Any, number: int) -> Any:
        once = number == TWIN and column.remote_field and column.unique and column.null
        return None if once else super()._value(model, column, number)

    def _key(self, target: type[Any], number: int, may_be_none: bool) -> UUID | None:
        return super()._key(target, MINE if number == TWIN else number, may_be_none)

    def _text(self, model: type[models.Model], column: Any, number: int) -> str:
        return super()._text(model, column, self._turned(model, column, number))

    def _candidates(self, model: type[models.Model], column: Any, number: int) -> Iterator[Any]:
        return super()._candidates(model, column, self._turned(model, column, number))

    def _turned(self, model: type[models.Model], column: Any, number: int) -> int:
        """Return the number whose value a row gets: in protected columns of one tenant the two that are seen change places."""
        resource = resource_of(model)
        if self.secret != SECRETS[1] or resource is None or column.name not in resource.field_rights or column.remote_field:
            return number
        return {MINE: TWIN, TWIN: MINE}.get(number, number)


def told_by_order(rows: MarkedRows) -> list[Resource]:
    """Return the resources with rows whose lists can be ordered by a column that needs a right of its own."""
    found = (each for each in RESOURCES.values() if set(each.order) & each.field_rights.keys())
    return [each for each in found if (each.model, MINE) in rows.made]


class SecretPlace(Place):
    """One of the two tenants."""

    rows: SecretRows

    def fill(self) -> dict[Any, str]:
        """Make the rows of every model, and the twins of those that have an order to tell."""
        missing = super().fill()
        with self.inside(), unit_of_work():
            return missing | self.rows.fill(TWIN, only=[each.model for each in told_by_order(self.rows)])

    def word_of(self, resource: Resource, number: int) -> str:
        return (self.rows.secret if number >= HIDDEN and is_scoped(resource) else AMBER).word

    def key(self, resource: Resource, number: int) -> UUID:
        return key_of(resource.model, number)  # a row that was seeded instead has another key in each tenant


@contextmanager
def repeatable(start: int) -> Iterator[None]:
    """Make keys and times come out the same every time."""
    numbers = count(start)

    class Key:
        def __init__(self) -> None:
            self.bytes = UUID(int=(7 << 76) | (1 << 127) | next(numbers)).bytes

    with (
        patch("tessera.fields.uuid7", Key),
        patch("tessera.context.uuid7", lambda: UUID(bytes=Key().bytes)),
        patch("django.utils.timezone.now", lambda: NOW),
    ):
        yield


class Colleagues(World):
    """The world in which a member is asked about what only others may see."""

    def __init__(self, asked: Any, other: Any, left_out: Mapping[str, str] | None = None) -> None:
        """`left_out` names reports that show sums of what is hidden to whoever holds their right, each with the reason."""
        places = [
            SecretPlace(tenant, SecretRows(secret), MINE, HIDDEN) for tenant, secret in zip((asked, other), SECRETS, strict=True)
        ]
        super().__init__(places[0], places[1], (MINE, HIDDEN))
        account = Account.objects.create_user("bob@example.com", "correct horse 42", name="Bob")
        protected = {right for resource in RESOURCES.values() for right in resource.field_rights.values()}
        rights = dict.fromkeys(sorted(all_permissions(self.modules).keys() - protected), "company")
        company = key_of(apps.get_model("base", "Company"), MINE)
        self.missing: dict[Any, str] = {}
        for place in places:
            with repeatable(1):
                self.missing |= place.fill()
                place.admit(account, place.rows.made[Member, MINE], rights, company)
            add_membership(account_id=account.pk, tenant_id=place.tenant.pk)
        with repeatable(ANSWERING):
            self.prepared(self.asked)
        self.reads.guess, self.reads.left_out = SECRETS[0], frozenset(left_out or ())

    def sweep(self, *names: str, every: int = 1) -> Sweep:
        own: dict[str, Callable[[], None]] = {"counts": self.count, "keys": partial(self.compare_keys, every)}
        for name in names:
            if name in own:
                own[name]()
        return super().sweep(*(name for name in names if name not in own), every=every)

    def compare_keys(self, every: int = 1) -> None:
        """Raise Leak where a mutation answers a key of a hidden row otherwise than one of nothing."""
        nowhere = Changes(self.schema, _Without(self.asked, self._hidden()), self.changes.word)
        both = [
            list(packed((each.text(name, HIDDEN) for name in each.names()), "mutation", MOST_CHANGES))
            for each in (self.changes, nowhere)
        ]
        for pair in islice(zip(*both, strict=True), 0, None, every):
            told, absent = (self._changed(text) for text in pair)
            if told != absent:
                raise Leak(f"a key tells of a hidden row: {pair[0][:400]}\n{difference(told, absent)}")

    def _changed(self, text: str) -> Any:
        with undone(self.asked):
            return body_of(self.ask(self.asked, text), changed=True)

    def _hidden(self) -> frozenset[str]:
        """Return the names of the resources whose row HIDDEN the member does not see."""
        scoped = (shape for shape in self.schema.extensions["shapes"] if is_scoped(shape.resource))
        return frozenset(
            shape.name
            for shape in scoped
            if (name := lower_first(shape.name))
            and not self.ask(self.asked, f"{{ {name}(id: {self.reads.id_of(shape, HIDDEN)}) {{ id }} }}").json()["data"][name]
        )

    def count(self) -> None:
        """Raise Leak where a list counts more rows than those of the member, its units and its company."""
        for resource in (shape.resource for shape in self.schema.extensions["shapes"]):
            if is_scoped(resource) and not resource.scope.on_record:
                name = lower_first(resource.plural)
                counted = self.ask(self.asked, f"{{ {name} {{ totalCount }} }}").json()["data"][name]["totalCount"]
                if counted != (reached := self._reached(resource)):
                    raise Leak(f"{name} counts {counted} rows where {reached} are within reach")

    def _reached(self, resource: Resource) -> int:
        """Return how many rows are within reach, told row by row from the columns of the scope."""
        company = key_of(apps.get_model("base", "Company"), MINE)
        with self.asked.inside():
            units = set(apps.get_model("base", "OrgUnit").objects.filter(company=company).values_list("pk", flat=True))
            mine = {"owner": {key_of(Member, MINE)}, "unit": units, "company": {company}}
            paths = {each: path for each in mine if (path := getattr(resource.scope, each))}
            rows = resource.model._default_manager.values_list(*paths.values())
            return sum(any(value in mine[each] for each, value in zip(paths, row, strict=True)) for row in rows)

    def ask(self, place: Place, text: str) -> Any:
        """Ask a place so that the keys and times of what it makes come out the same every time."""
        if place is self.other:  # a cursor is worth nothing in another tenant
            for name, cursor in self.asked.cursors.items():
                text = text.replace(cursor, self.other.cursors[name])
        with repeatable(ANSWERING):
            return place.post(text)

    def judge(self, text: str, response: Any) -> None:
        for secret in SECRETS:
            if found := [
                each for each in secret.found_in(raw(response)) if each not in text
            ]:  # an answer may repeat the question
                raise Leak(f"{', '.join(found)} of others in the answer to {text[:400]}")
        here, there = (_without_chance(body_of(each)) for each in (response, self.ask(self.other, text)))
        if here != there:
            raise Leak(f"the answer depends on what others see: {text[:400]}\n{difference(here, there)}")


class _Without(SecretPlace):
    """A place without what is hidden: the keys of that are those of nothing."""

    def __init__(self, place: Place, hidden: frozenset[str]) -> None:
        super().__init__(place.tenant, place.rows)
        self.hidden = hidden

    def key(self, resource: Resource, number: int) -> UUID:
        return key_of(resource.model, NOWHERE if resource.name in self.hidden else number)


def _without_chance(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: None if name in CHANCE else _without_chance(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_chance(each) for each in value]
    return "made by chance" if isinstance(value, str) and (_is_seeded(value) or SEEDED_AT.fullmatch(value)) else value


def _is_seeded(text: str) -> bool:
    """Say whether a text is the key or id of a row that was made before the world was, so with a key of its own."""
    try:
        key = UUID(text) if len(text) == 36 else decode(text)[1]
    except ValueError:
        return False
    return key.version == 7 and not key.hex.startswith("80000000")
