"""What can be done with the rows of a resource: generic create, update and delete, services of one's own, and actions."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from inspect import Parameter
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _
from graphql import GraphQLID, GraphQLInputObjectType

from tessera.crud import Custom, create_row, delete_row, demand_company, lock_row, update_row
from tessera.custom.filling import fill_custom_fields
from tessera.custom.selectors import SHOWN_AS
from tessera.custom.values import CustomFieldInput
from tessera.errors import Refused
from tessera.graph.ids import encode, key_of
from tessera.graph.inputs import Entries, column_input, given, parameter_input
from tessera.graph.names import lower_first, pascal
from tessera.graph.payloads import Answer, Payloads, has_secret
from tessera.graph.registry import Registry, describe
from tessera.graph.shapes import Shape
from tessera.graph.types import node_type, optional
from tessera.lineage.services import refuse_while_held
from tessera.resource import Action, parameters_of, returns_of
from tessera.service import demand

Service = Callable[..., Any]
Run = Callable[[Any, dict[str, Any]], Answer]


@dataclass(frozen=True, kw_only=True)
class Verb:
    """One verb of a resource: what it takes, how it runs, and what it answers.

    `run(row, values)` gets the locked row (None where the verb takes none) and what the input means. `places` says
    which argument a name in a refusal belongs to. A `public` verb asks for no right; one with a `secret` in its
    answer takes no idempotency key.
    """

    shape: Shape
    word: str
    permission: str
    takes_row: bool
    run: Run
    parts: Mapping[str, Any]
    held: bool
    input: GraphQLInputObjectType | None = None
    reader: Entries | None = None
    required: bool = True
    places: Mapping[str, str] = field(default_factory=dict)
    secret: bool = False
    service: Service | None = None

    @property
    def public(self) -> bool:
        return not self.permission

    @property
    def versioned(self) -> bool:
        """Say whether its row has a version that a client may name."""
        return self.takes_row and any(column.name == "version" for column in self.shape.model._meta.concrete_fields)

    def name(self, before: str = "") -> str:
        """Return the mutation's name, with a word put before the verb's: `leadConvert`, `leadBulkCreate`."""
        return lower_first(self.shape.name) + pascal(before) + pascal(self.word)

    def demand(self) -> None:
        """Raise Forbidden for whoever lacks the right: inside a unit of work a service leaves that to whoever opened it."""
        if not self.public:
            demand(self.permission)

    def apply(self, arguments: Mapping[str, Any]) -> Answer:
        """Do it, in an open unit of work, with the arguments `id`, `version` and `input`."""
        values = given(self.reader, arguments.get("input") or {}) if self.reader else {}
        return self.run(self._locked(arguments) if self.takes_row else None, values)

    def _locked(self, arguments: Mapping[str, Any]) -> Any:
        """Return the locked row that `id` names, checked against `version`."""
        try:
            key = key_of(arguments["id"], self.shape.name)
        except ValueError:
            raise Refused("NOT_FOUND", _("There is no such record."), "id") from None
        resource = self.shape.resource
        return lock_row(resource=resource, key=key, version=arguments.get("version"), permission=self.permission)


def verbs_of(registry: Registry, payloads: Payloads, shape: Shape) -> Iterator[Verb]:
    """Yield what can be done with the rows of a shape: create, update and delete first."""
    resource = shape.resource
    for word in ("create", "update", "delete"):
        made = getattr(resource, word)
        if made is True:
            yield _generic(registry, shape, word)
        elif callable(made):
            yield _own(registry, payloads, shape, word, made)
    for action in resource.actions:
        if isinstance(action, Action):
            yield _own(registry, payloads, shape, action.verb, action.service)


def _generic(registry: Registry, shape: Shape, word: str) -> Verb:
    resource = shape.resource
    node, moves = {"node": node_type(registry, shape)}, hasattr(shape.model, "MOVES")
    about: dict[str, Any] = {"shape": shape, "word": word, "permission": resource.permission(word), "takes_row": word != "create"}
    if word == "delete":

        def remove(row: Any, _values: dict[str, Any]) -> Answer:
            return Answer(id=encode(shape.name, delete_row(resource=resource, row=row)))

        return Verb(**about, run=remove, parts={"id": GraphQLID}, held=False)

    def write(row: Any, values: dict[str, Any]) -> Answer:
        custom = values.pop(SHOWN_AS, None)
        if row is None:
            return Answer(create_row(resource=resource, values=values, custom=custom))
        return Answer(update_row(resource=resource, row=row, values=values, custom=custom))

    creating = word == "create"
    name = f"{shape.name}{pascal(word)}Input"
    kind, reader = column_input(registry, shape, name, creating)
    places = dict.fromkeys((each for member in shape.writable.values() for each in (member.field.name, member.attname)), "input")
    places[SHOWN_AS] = "input"
    return Verb(**about, run=write, parts=node, held=moves and not creating, input=kind, reader=reader, places=places)


def _own(registry: Registry, payloads: Payloads, shape: Shape, word: str, service: Service) -> Verb:
    permission, public = getattr(service, "permission", ""), getattr(service, "public", False)
    if not permission and not public:
        raise ImproperlyConfigured(f"{service.__qualname__} is an action of {shape.name} but demands no permission")
    name, parameters = lower_first(shape.name) + pascal(word), list(parameters_of(service).items())
    returns, _none = optional(returns_of(service))
    row_name = parameters[0][0] if parameters and parameters[0][1][0] is shape.model else ""
    others = [each for each in parameters if each[0] != row_name]
    fills = shape.resource.is_record and word in ("create", "update") and returns is shape.model
    if fills:
        others.append((SHOWN_AS, (list[CustomFieldInput], None)))
    kind, reader = parameter_input(registry, f"{pascal(name)}Input", others, ("service", name)) if others else (None, None)

    def run(row: Any, values: dict[str, Any]) -> Answer:
        if row_name:
            values[row_name] = row
        key = encode(shape.name, row.pk) if row_name else None
        custom = values.pop(SHOWN_AS, None) if fills else None
        made = service(**values)
        if not row_name and not public and isinstance(made, shape.model):
            demand_company(shape.resource, made, permission)
        if fills:
            _fill(shape, made, custom, creating=not row_name)
        return Answer(made, key, returns if isinstance(returns, type) else None)

    return Verb(
        shape=shape,
        word=word,
        permission="" if public else permission,
        takes_row=bool(row_name),
        run=run,
        parts={"id": GraphQLID} if word == "delete" else payloads.of_return(returns_of(service)),
        held=word != "delete" and (hasattr(shape.model, "MOVES") or hasattr(returns, "MOVES")),
        input=kind,
        reader=reader,
        required=any(default is Parameter.empty for _, (_, default) in others),
        places={each: "input" for each, _ in others} | ({row_name: "id"} if row_name else {}),
        secret=has_secret(returns),
        service=service,
    )


def _fill(shape: Shape, made: Any, custom: Custom, *, creating: bool) -> None:
    """Fill in the custom fields of what a service of one's own created or changed."""
    if custom:
        if hasattr(made, "MOVES"):
            refuse_while_held(made)
        made = shape.model._default_manager.get(pk=made.pk)
    fill_custom_fields(resource=shape.resource, row=made, given=custom, creating=creating)
    if custom:
        made.save()


def description_of(verb: Verb) -> str | None:
    """Return what a verb's service says of itself."""
    return describe(verb.service) if verb.service else None
