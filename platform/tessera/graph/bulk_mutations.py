"""Several rows in one mutation: `partyBulkCreate(items: [...], atomic: true)`.

Each item is one call of the single mutation, in the order of the input, with the same rights, locks and rules.
Atomic, one bad item leaves nothing written; otherwise the good items stay and the bad ones are undone alone.
Every finding is told in `userErrors` with the index of its item in `field`, and once more with the item's result.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLObjectType,
    get_named_type,
)

from tessera.errors import ApiError, Code, Refused
from tessera.graph.cost import spend
from tessera.graph.definitions import Argument, Field, InputObjectType, argument, attribute, input_field, list_of, required
from tessera.graph.ids import key_of
from tessera.graph.inputs import Entry, Leaf, RowKey
from tessera.graph.names import pascal
from tessera.graph.payloads import KEY, Answer, Payloads, UserError
from tessera.graph.registry import Registry
from tessera.graph.verbs import Verb
from tessera.scope import scoped
from tessera.unit_of_work import current_unit, lock_for_update, savepoint

BULK = ("create", "update", "delete")
MOST = 100
_OF_ITEM = {Code.FORBIDDEN, Code.NOT_FOUND}  # what an item's row may be refused by, which says nothing of the others


@dataclass
class BulkAnswer:
    """What became of the items, in their order."""

    results: list[Answer] = field(default_factory=list)

    @property
    def user_errors(self) -> list[UserError]:
        return [error for result in self.results for error in result.user_errors]


class Undone(Exception):
    """Raised to undo every item; `answer` says which of them were bad."""

    def __init__(self, answer: BulkAnswer) -> None:
        super().__init__(f"{len(answer.user_errors)} problems")
        self.answer = answer


# What does not depend on the resource is made once: there are hundreds of bulk mutations.
_ID = input_field(required(GraphQLID))
_VERSION = input_field(GraphQLInt)
_INDEX = Field(required(GraphQLInt), extensions=attribute("index"))
_ATOMIC = Argument(
    required(GraphQLBoolean),
    default_value=True,
    description="True: one bad item, and nothing is written. False: the good items are written.",
)


def bulk_arguments(registry: Registry, verb: Verb) -> dict[str, GraphQLArgument]:
    """Return the arguments of the bulk form of a verb."""
    items = required(list_of(_item(registry, verb)))
    return {"items": argument(items), "atomic": _ATOMIC, "idempotencyKey": KEY}


def _item(registry: Registry, verb: Verb) -> GraphQLInputObjectType:
    """Return the type of an item: the input itself, or with the row that it is for."""
    if not verb.takes_row:
        assert verb.input is not None
        return verb.input
    entries, fields = {"id": Entry("id", RowKey(verb.shape.resource), False)}, {"id": _ID}
    if verb.versioned:
        entries["version"], fields["version"] = Entry("version", Leaf(), True), _VERSION
    if verb.input is not None and verb.reader is not None:
        entries["input"] = Entry("input", verb.reader, not verb.required)
        fields["input"] = input_field(required(verb.input) if verb.required else verb.input)
    name = f"{pascal(verb.name('bulk'))}Input"
    about = {"entries": entries}
    return registry.once(name, ("bulk", verb.name()), lambda: InputObjectType(name, fields, extensions=about))


def bulk_payload(registry: Registry, payloads: Payloads, verb: Verb) -> GraphQLObjectType:
    """Return the payload type of the bulk form of a verb: one for all deletes, and one for a resource's creates and updates."""
    if verb.parts.keys() == {"id"}:
        name, held = "BulkDelete", False
    elif verb.parts.keys() == {"node"} and get_named_type(verb.parts["node"]).name == verb.shape.name:
        name, held = f"{verb.shape.name}Bulk", hasattr(verb.shape.model, "MOVES")
    else:
        name, held = pascal(verb.name("bulk")), verb.held
    result = payloads.make(name, verb.parts, held, suffix="Result", more={"index": _INDEX})
    return payloads.make(name, {"results": required(list_of(result))}, held=False)


def bulk_work(verb: Verb, told: Callable[[Any], list[UserError]]) -> Callable[[dict[str, Any]], BulkAnswer]:
    """Return what does a verb for each item in an open unit of work; `told` makes a refusal's user errors."""

    def work(arguments: dict[str, Any]) -> BulkAnswer:
        verb.demand()
        items = arguments["items"]
        if len(items) > MOST:
            raise Refused("LIMIT", _("At most {most} items are taken at once.").format(most=MOST), "items")
        if verb.takes_row:
            _lock(verb, items)
        answer = BulkAnswer([_one(verb, index, item, told) for index, item in enumerate(items)])
        refused = arguments["atomic"] and bool(answer.user_errors)
        if not refused:
            with savepoint():
                current_unit().settle()
        spend(mutations=max(len(items) - 1, 0))
        if refused:
            raise Undone(BulkAnswer([Answer(index=each.index, user_errors=each.user_errors) for each in answer.results]))
        return answer

    return work


def _lock(verb: Verb, items: list[dict[str, Any]]) -> None:
    """Lock the rows of all items in the order of their keys, so that two bulks never meet head on; each is read again at its turn."""
    keys = set()
    for item in items:
        try:
            keys.add(key_of(item["id"], verb.shape.name))
        except ValueError:
            continue  # told of its item
    lock_for_update(scoped(verb.shape.resource).filter(pk__in=keys).values_list("pk"))


def _one(verb: Verb, index: int, item: dict[str, Any], told: Callable[[Any], list[UserError]]) -> Answer:
    unit = current_unit()
    try:
        with savepoint():
            made = verb.apply(item if verb.takes_row else {"input": item})
            if not unit.tentative:
                unit.settle()  # what a number or a posting refuses is told of this item, and undone with it
            made.index = index
            return made
    except (Refused, ValidationError) as refusal:
        errors = told(refusal)
    except ApiError as error:
        if error.code not in _OF_ITEM:
            raise
        errors = told(Refused(error.code.value, error.message, *(["id"] if verb.takes_row else [])))
    return Answer(index=index, user_errors=[_of_item(verb, index, error) for error in errors])


def _of_item(verb: Verb, index: int, error: UserError) -> UserError:
    """Return what is wrong with an item, by its place among the arguments: an item that names no row is the input itself."""
    path = error.field if verb.takes_row or error.field[:1] != ["input"] else error.field[1:]
    return UserError(["items", str(index), *path], error.message, error.code, error.details)
