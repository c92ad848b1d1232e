"""Root fields made from typed selectors."""

from typing import Any

from graphql import GraphQLField, GraphQLResolveInfo

from tessera.context import current
from tessera.errors import ApiError, Code, Refused
from tessera.graph.definitions import Field, argument
from tessera.graph.execute import Finished
from tessera.graph.filters import forbidden
from tessera.graph.inputs import given, parameter_input
from tessera.graph.names import pascal
from tessera.graph.plan import Planner
from tessera.graph.registry import Registry, describe
from tessera.graph.types import nullable, output_type
from tessera.graph.values import value_plan
from tessera.resource import REPORTS, Report, camel, declared, parameters_of, returns_of


def report_fields(registry: Registry) -> dict[str, GraphQLField]:
    """Return one field per report of the modules that are on."""
    return {camel(report.name): _field(registry, report) for report in declared(REPORTS, registry.shapes.on)}


def _field(registry: Registry, report: Report) -> GraphQLField:
    parameters = parameters_of(report.selector)
    kind, reader = parameter_input(registry, f"{pascal(report.name)}Arguments", parameters.items(), ("report", report.name))
    arguments = {name: argument(field.type) for name, field in kind.fields.items()} if parameters else {}

    def resolve(_source: Any, info: GraphQLResolveInfo, **values: Any) -> Finished:
        if report.permission and not current().actor.may(report.permission):
            raise forbidden(report.permission, (info.field_name,))
        try:
            value = report.selector(**given(reader, values))
        except Refused as refusal:
            raise refused(refusal) from refusal
        plan = value_plan(Planner(info), info.return_type, info.field_nodes)
        return Finished(plan.render_all([value])[0])

    return Field(
        nullable(output_type(registry, returns_of(report.selector))),
        arguments,
        resolve=resolve,
        description=describe(report.selector),
        extensions={"report": report},
    )


def refused(refusal: Refused) -> ApiError:
    """Return what a refusal is where there is no `userErrors`: BAD_INPUT, or the code of the closed list."""
    first = refusal.problems[0]
    code = Code(first.code) if first.code in Code.__members__ else Code.BAD_INPUT
    return ApiError(code, first.message, field=[camel(part) for part in first.field], reason=first.code)
