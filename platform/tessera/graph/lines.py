"""One mutation, run again and again with the arguments that each line of a file brings, several of them in one transaction."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext as _
from graphql import FieldNode, GraphQLObjectType, get_named_type
from graphql.execution.values import get_argument_values

from tessera.context import current
from tessera.errors import ApiError, Code, Refused
from tessera.graph.coercion import coerced
from tessera.graph.execute import Execution
from tessera.graph.failures import shown
from tessera.graph.limits import check_variables
from tessera.graph.mutations import Resolver, user_errors
from tessera.graph.payloads import Answer
from tessera.graph.plan import Planner
from tessera.graph.requests import documents
from tessera.graph.schemas import schema_for
from tessera.graph.usage import note_uses
from tessera.graph.values import value_plan
from tessera.unit_of_work import SavepointNeeded, current_unit, savepoint

KEY = "idempotencyKey"
_SHOWN = {"node": "{ id }", "nodes": "{ id }", "id": "", "hold": "{ id state }"}


@dataclass(frozen=True)
class Failed:
    """A line that could not be run, and the errors that say why, as they are shown."""

    errors: list[dict[str, Any]]

    @classmethod
    def by(cls, error: BaseException) -> "Failed":
        """Return the failure that an exception makes; a defect is logged."""
        return cls([shown(error)])


class LineMutation:
    """A mutation by its name, in the tenant in force.

    INVALID is refused for one that does not exist here, asks for no right, takes several transactions, shows a secret, or takes
    many rows itself.
    """

    def __init__(self, name: str) -> None:
        self._schema = schema_for(current().modules)
        field = self._schema.mutation_type.fields.get(name) if self._schema.mutation_type else None
        about = field.extensions if field else {}
        alone = "items" not in about and not getattr(about.get("service"), "steps", False)
        if field is None or not about.get("permission") or KEY not in field.args or not alone:
            raise Refused("INVALID", _("There is no mutation {name} that takes a line at a time.").format(name=name), "mutation")
        payload, resolver = get_named_type(field.type), field.resolve
        assert isinstance(payload, GraphQLObjectType) and isinstance(resolver, Resolver)
        self.permission: str = about["permission"]
        self._field, self._resolver = field, resolver
        self._arguments = frozenset(field.args) - {KEY}
        self._document = documents.get(current().modules, self._schema, self._text(name, payload))
        self._operation = self._document.operation(None)
        (node,) = self._operation.selection_set.selections
        assert isinstance(node, FieldNode)
        self._node = node

    def _text(self, name: str, payload: GraphQLObjectType) -> str:
        taken = {each: argument for each, argument in self._field.args.items() if each in self._arguments}
        declared = ", ".join(f"${each}: {argument.type}" for each, argument in taken.items())
        passed = ", ".join(f"{each}: ${each}" for each in taken)
        selected = " ".join(f"{each} {_SHOWN[each]}" for each in payload.fields if each in _SHOWN)
        call = f"{name}({passed})" if taken else name
        return f"mutation{f'({declared})' if taken else ''} {{ {call} {{ {selected} userErrors {{ field message code }} }} }}"

    def run(self, arguments: dict[str, Any]) -> Answer | Failed:
        """Run it in an open unit of work with the arguments of one line, which is undone alone where it fails.

        What is no matter of the line ends the whole: a deadlock, a timeout, a connection that is lost.
        """
        try:
            given = self._given(arguments)
        except ApiError as error:
            return Failed.by(error)
        if isinstance(given, Failed):
            return given
        unit = current_unit()
        try:
            with savepoint():
                made = self._resolver.work(given)
                if unit.posts or not unit.tentative:
                    unit.settle()  # what a number or a posting refuses is told of this line, and undone with it
                return made
        except (SavepointNeeded, OperationalError, InterfaceError):
            raise
        except Exception as error:
            return self.failed(error)

    def failed(self, error: Exception) -> Answer | Failed:
        """Return what a line answers that ended so."""
        if isinstance(error, (Refused, ValidationError)):
            return Answer(user_errors=user_errors(error, self._resolver.places))
        return Failed.by(error)

    @staticmethod
    def settle() -> None:
        """Give what was run its numbers, after the last line."""
        with savepoint():
            current_unit().settle()

    def shown(self, answers: list[Answer | Failed]) -> list[dict[str, Any]]:
        """Return what the lines answered, as JSON, their rows read together; for the end of the unit of work that ran them."""
        if self._document.deprecated:
            note_uses(self._document.deprecated)
        execution = Execution.of(self._schema, self._document.fragments, self._operation, {}, context=current(), call=None)
        plan = value_plan(Planner(execution), self._field.type, [self._node])
        made = iter(plan.render_all([each for each in answers if isinstance(each, Answer)]))
        return [next(made) if isinstance(each, Answer) else {"errors": each.errors} for each in answers]

    def _given(self, arguments: dict[str, Any]) -> dict[str, Any] | Failed:
        """Return the arguments as the mutation takes them."""
        if unknown := sorted(arguments.keys() - self._arguments):
            raise ApiError(Code.BAD_INPUT, _("There is no argument {name}.").format(name=unknown[0]), field=[unknown[0]])
        check_variables(arguments)
        values, wrong = coerced(self._schema, self._operation, arguments)
        if wrong:
            return Failed([{"message": each["message"], "extensions": each["extensions"]} for each in wrong])
        return get_argument_values(self._field, self._node, values)
