"""Root mutations made from typed services that are about no row."""

from inspect import Parameter
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from graphql import GraphQLField, GraphQLString

from tessera.graph.definitions import Field, argument, required
from tessera.graph.inputs import given, parameter_input
from tessera.graph.mutations import Resolver, run_of
from tessera.graph.names import pascal
from tessera.graph.payloads import Answer, Payloads, has_secret
from tessera.graph.registry import Registry, describe
from tessera.resource import MUTATIONS, Mutation, camel, declared, parameters_of, returns_of
from tessera.service import demand


def root_mutation_fields(registry: Registry) -> dict[str, GraphQLField]:
    """Return one field per `Mutation` of the kernel and of the modules that are on."""
    payloads = Payloads(registry)
    return {camel(found.name): _field(registry, payloads, found) for found in declared(MUTATIONS, registry.shapes.on)}


def _field(registry: Registry, payloads: Payloads, found: Mutation) -> GraphQLField:
    name, service = camel(found.name), found.service
    permission = getattr(service, "permission", "")
    if not permission:
        raise ImproperlyConfigured(f"{service.__qualname__} is the mutation {name} but demands no permission")
    parameters = parameters_of(service)
    kind, reader = parameter_input(registry, f"{pascal(found.name)}Input", parameters.items(), ("mutation", found.name))

    def work(arguments: dict[str, Any]) -> Answer:
        demand(permission)  # inside a unit of work the service leaves that to whoever opened it
        return Answer(service(**given(reader, arguments.get("input") or {})))

    arguments = {} if has_secret(returns_of(service)) else {"idempotencyKey": argument(GraphQLString)}
    if parameters:
        needed = any(default is Parameter.empty for _, default in parameters.values())
        arguments["input"] = argument(required(kind) if needed else kind)
    return Field(
        payloads.make(name, payloads.of_return(returns_of(service)), held=False),
        arguments,
        resolve=Resolver(work, dict.fromkeys(parameters, "input"), run_of(service)),
        description=describe(service),
        extensions={"mutation": found, "service": service, "permission": permission},
    )
