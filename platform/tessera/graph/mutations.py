"""Mutations: generic create, update and delete, services of one's own, and actions.

One root field is one unit of work: idempotency key, lock, service and the finished answer stand or
fall together. A refusal is answered in `userErrors`; anything else goes to `errors`.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from inspect import Parameter
from typing import Any

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.utils.translation import gettext as _
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLNonNull,
    GraphQLResolveInfo,
    GraphQLString,
    print_ast,
)

from tessera.crud import Custom, create_row, delete_row, demand_company, lock_row, refusal_of_validation, update_row
from tessera.custom.filling import fill_custom_fields
from tessera.custom.selectors import SHOWN_AS
from tessera.custom.values import CustomFieldInput
from tessera.errors import Problem, Refused
from tessera.graph.execute import Finished
from tessera.graph.ids import encode, key_of
from tessera.graph.inputs import Entries, column_input, given, parameter_input
from tessera.graph.names import lower_first, pascal
from tessera.graph.payloads import Answer, Payloads, UserError
from tessera.graph.plan import Planner
from tessera.graph.registry import Registry, describe
from tessera.graph.shapes import Shape
from tessera.graph.types import node_type, optional
from tessera.graph.values import ValuePlan, value_plan
from tessera.idempotency.services import claim_key, keep_answer
from tessera.lineage.services import refuse_while_held
from tessera.resource import Action, camel, parameters_of, returns_of
from tessera.service import demand
from tessera.unit_of_work import Phase, defer, unit_of_work

Service = Callable[..., Any]


def mutation_fields(registry: Registry) -> dict[str, GraphQLField]:
    """Return the mutations of all resources that exist."""
    payloads = Payloads(registry)
    found: dict[str, GraphQLField] = {}
    for shape in registry.shapes:
        made = _generic(registry, payloads, shape) | _of_services(registry, payloads, shape)
        if twice := found.keys() & made.keys():
            raise ImproperlyConfigured(f"two mutations are named {sorted(twice)}")
        found |= made
    return found


def _name(shape: Shape, verb: str) -> str:
    return lower_first(shape.name) + pascal(verb)


def _versioned(shape: Shape) -> bool:
    return any(column.name == "version" for column in shape.model._meta.concrete_fields)


def has_secret(returns: Any) -> bool:
    """Say whether an answer shows a secret, which no key may keep for a copy."""
    return is_dataclass(returns) and any(each.metadata.get("secret") for each in fields(returns))


def _arguments(shape: Shape, row: bool, input_type: Any, required: bool = True, kept: bool = True) -> dict[str, GraphQLArgument]:
    made = {}
    if row:
        made["id"] = GraphQLArgument(GraphQLNonNull(GraphQLID))
        if _versioned(shape):
            made["version"] = GraphQLArgument(GraphQLInt)
    if kept:
        made["idempotencyKey"] = GraphQLArgument(GraphQLString)
    if input_type is not None:
        made["input"] = GraphQLArgument(GraphQLNonNull(input_type) if required else input_type)
    return made


def _generic(registry: Registry, payloads: Payloads, shape: Shape) -> dict[str, GraphQLField]:
    resource, made = shape.resource, {}
    node, held = {"node": node_type(registry, shape)}, hasattr(shape.model, "MOVES")
    places = {name: "input" for member in shape.writable.values() for name in (member.field.name, member.attname)}
    places[SHOWN_AS] = "input"
    for verb, creating in (("create", True), ("update", False)):
        if getattr(resource, verb) is not True:
            continue
        name = _name(shape, verb)
        kind, reader = column_input(registry, shape, f"{pascal(name)}Input", creating)

        def work(arguments: dict[str, Any], reader: Entries = reader, creating: bool = creating) -> Answer:
            demand(resource.permission("create" if creating else "update"))
            row = None if creating else locked(shape, arguments, resource.permission("update"))
            values = given(reader, arguments["input"])
            custom = values.pop(SHOWN_AS, None)
            if creating:
                return Answer(create_row(resource=resource, values=values, custom=custom))
            return Answer(update_row(resource=resource, row=row, values=values, custom=custom))

        payload = payloads.make(name, node, held and not creating)
        made[name] = GraphQLField(payload, _arguments(shape, not creating, kind), resolve=resolver(work, places))
    if resource.delete is True:
        name = _name(shape, "delete")

        def remove(arguments: dict[str, Any]) -> Answer:
            demand(resource.permission("delete"))
            key = delete_row(resource=resource, row=locked(shape, arguments, resource.permission("delete")))
            return Answer(id=encode(shape.name, key))

        payload = payloads.make(name, {"id": GraphQLID}, False)
        made[name] = GraphQLField(payload, _arguments(shape, True, None), resolve=resolver(remove, {}))
    return made


def _of_services(registry: Registry, payloads: Payloads, shape: Shape) -> dict[str, GraphQLField]:
    resource = shape.resource
    services: list[tuple[str, Service]] = [
        (verb, getattr(resource, verb)) for verb in ("create", "update", "delete") if callable(getattr(resource, verb))
    ]
    services += [(action.verb, action.service) for action in resource.actions if isinstance(action, Action)]
    return {_name(shape, verb): _service_field(registry, payloads, shape, verb, service) for verb, service in services}


def _service_field(registry: Registry, payloads: Payloads, shape: Shape, verb: str, service: Service) -> GraphQLField:
    permission, public = getattr(service, "permission", ""), getattr(service, "public", False)
    if not permission and not public:
        raise ImproperlyConfigured(f"{service.__qualname__} is an action of {shape.name} but demands no permission")
    name, parameters = _name(shape, verb), list(parameters_of(service).items())
    returns, _none = optional(returns_of(service))
    row = parameters[0][0] if parameters and parameters[0][1][0] is shape.model else ""
    others = [each for each in parameters if each[0] != row]
    fills = shape.resource.is_record and verb in ("create", "update") and returns is shape.model
    if fills:
        others.append((SHOWN_AS, (list[CustomFieldInput], None)))
    kind, reader = parameter_input(registry, f"{pascal(name)}Input", others, ("service", name)) if others else (None, None)

    def work(arguments: dict[str, Any]) -> Answer:
        if not public:
            demand(permission)  # inside a unit of work the service leaves that to whoever opened it
        values = given(reader, arguments.get("input") or {}) if reader else {}
        if row:
            values[row] = locked(shape, arguments, permission)
        key = encode(shape.name, values[row].pk) if row else None
        custom = values.pop(SHOWN_AS, None) if fills else None
        made = service(**values)
        if not row and not public and isinstance(made, shape.model):
            demand_company(shape.resource, made, permission)
        if fills:
            _fill(shape, made, custom, creating=not row)
        return Answer(made, key, returns if isinstance(returns, type) else None)

    parts = {"id": GraphQLID} if verb == "delete" else payloads.of_return(returns_of(service))
    held = hasattr(shape.model, "MOVES") or hasattr(returns, "MOVES")
    required = any(default is Parameter.empty for _, (_, default) in others)
    return GraphQLField(
        payloads.make(name, parts, held and verb != "delete"),
        _arguments(shape, bool(row), kind, required, not has_secret(returns)),
        resolve=resolver(work, {each: "input" for each, _ in others} | ({row: "id"} if row else {})),
        description=describe(service),
        extensions={"service": service},
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


def locked(shape: Shape, arguments: dict[str, Any], permission: str) -> Any:
    """Return the locked row that `id` names, checked against `version`."""
    try:
        key = key_of(arguments["id"], shape.name)
    except ValueError:
        raise Refused("NOT_FOUND", _("There is no such record."), "id") from None
    return lock_row(resource=shape.resource, key=key, version=arguments.get("version"), permission=permission)


def resolver(work: Callable[[dict[str, Any]], Answer], places: Mapping[str, str]) -> Callable[..., Finished]:
    """Return the resolver of a mutation; `places` says which argument a name in a refusal belongs to."""

    def resolve(_source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Finished:
        plan = value_plan(Planner(info), info.return_type, info.field_nodes)
        try:
            return Finished(_run(info, arguments, work, plan))
        except Refused as found:
            refusal = found
        except ValidationError as error:
            refusal = refusal_of_validation(error)
        errors = [UserError(_path(problem, places), problem.message, problem.code) for problem in refusal.problems]
        return Finished(plan.render_all([Answer(user_errors=errors)])[0])

    return resolve


def _run(info: GraphQLResolveInfo, arguments: dict[str, Any], work: Callable[[dict[str, Any]], Answer], plan: ValuePlan) -> Any:
    finished: list[Any] = []
    key = arguments.get("idempotencyKey")
    with unit_of_work():
        claimed = None
        if key is not None:
            claimed, fresh = claim_key(key=key, request_hash=request_hash(info, arguments))
            if not fresh:
                return json.loads(claimed.answer)
        answer = work(arguments)

        def finish() -> None:
            finished.extend(plan.render_all([answer]))
            if claimed:
                keep_answer(claimed=claimed, answer=json.dumps(finished[0]))

        defer(Phase.RECORD, finish)  # numbers and postings are there by then, the commit is not
    return finished[0]


def request_hash(info: GraphQLResolveInfo, arguments: dict[str, Any]) -> str:
    """Return the SHA-256 of one mutation as asked: its arguments, and what it wants to be answered."""
    asked = [
        info.field_name,
        arguments,
        [print_ast(node) for node in info.field_nodes],
        [print_ast(fragment) for _, fragment in sorted(info.fragments.items())],
        info.variable_values,
    ]
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()


def _path(problem: Problem, places: Mapping[str, str]) -> list[str]:
    if not problem.field:
        return []
    first, *rest = problem.field
    below = [camel(part) for part in rest]
    place = places.get(first)
    if place == "id":
        return ["id", *below]
    return [place, camel(first), *below] if place else [camel(first), *below]
