"""One mutation, run again and again with the arguments that each line of a file brings."""

from typing import Any

from django.utils.translation import gettext as _
from graphql import GraphQLObjectType, get_named_type

from tessera.context import current
from tessera.errors import Refused
from tessera.graph.paged import ask
from tessera.graph.requests import Request
from tessera.graph.schemas import schema_for

KEY, RESULT = "idempotencyKey", "result_"
_SHOWN = {"node": "{ id }", "nodes": "{ id }", "id": "", "hold": "{ id state }"}


class LineMutation:
    """A mutation by its name, in the tenant in force; INVALID is refused for one that does not exist here or takes no key."""

    def __init__(self, name: str) -> None:
        schema = schema_for(current().modules)
        field = schema.mutation_type.fields.get(name) if schema.mutation_type else None
        permission = field.extensions.get("permission") if field else None
        if field is None or not permission or KEY not in field.args or "items" in field.extensions:
            raise Refused("INVALID", _("There is no mutation {name} that takes a line at a time.").format(name=name), "mutation")
        payload = get_named_type(field.type)
        assert isinstance(payload, GraphQLObjectType)
        shown = " ".join(f"{each} {_SHOWN[each]}" for each in payload.fields if each in _SHOWN)
        taken = ", ".join(f"${each}: {argument.type}" for each, argument in field.args.items())
        passed = ", ".join(f"{each}: ${each}" for each in field.args)
        self.permission = permission
        self.arguments = frozenset(field.args) - {KEY}
        self._text = f"mutation({taken}) {{ {RESULT}: {name}({passed}) {{ {shown} userErrors {{ field message code }} }} }}"

    def run(self, arguments: dict[str, Any], key: str) -> dict[str, Any]:
        """Run it once for `key`; return what it answers, or `errors` where it could not be run."""
        if unknown := sorted(arguments.keys() - self.arguments):
            message = _("There is no argument {name}.").format(name=unknown[0])
            return {"errors": [{"message": message, "extensions": {"code": "BAD_INPUT", "field": [unknown[0]]}}]}
        body = ask(Request(self._text, {**arguments, KEY: key}))
        if errors := body.get("errors"):
            return {"errors": [{"message": each["message"], "extensions": each["extensions"]} for each in errors]}
        return body["data"][RESULT]
