"""A query of one list, asked page by page to its end: what a client would get that follows every cursor."""

from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson
from django.utils.translation import gettext as _
from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLSchema,
    IntValueNode,
    NamedTypeNode,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
    print_ast,
    visit,
)

from tessera.context import current
from tessera.errors import ApiError, Code, Refused
from tessera.graph.answers import answer_here
from tessera.graph.documents import Document, Invalid
from tessera.graph.paging import MOST
from tessera.graph.requests import Request, documents
from tessera.graph.schemas import schema_for

AFTER, LIST = "after_", "list_"
PAGING = ("first", "after", "last", "before")


@dataclass(frozen=True)
class Part:
    """One page: its rows as JSON values, the cursor behind them (None at the end of the list), and at the first one the count of all."""

    rows: list[dict[str, Any]]
    after: str | None
    total: int | None


class PagedQuery:
    """A document with one list, `{ parties(filter: ...) { nodes { ... } } }`, and its variables, in the tenant in force.

    Refused with INVALID is what is no such document. A list inside says how many rows it shows (`first`): nothing is
    left out in silence.
    """

    def __init__(self, text: str, variables: dict[str, Any]) -> None:
        self.text, self.variables = text, variables
        self.schema: GraphQLSchema = schema_for(current().modules)
        self.document = self._parsed()
        self._check()

    @property
    def permission(self) -> str:
        """Return the right to view the rows of the list."""
        (field,) = self._operation(self.document.ast).selection_set.selections
        assert isinstance(field, FieldNode) and self.schema.query_type
        return (
            get_named_type(self.schema.query_type.fields[field.name.value].type).extensions["page_of"].resource.permission("view")
        )

    def page(self, after: str | None) -> Part:
        """Return the page behind a cursor, as the actor in force may see it; raise ApiError as the list would."""
        text = self._pages if after else self._first_page
        body = ask(Request(text, {**self.variables, AFTER: after}))
        if errors := body.get("errors"):
            raise error_of(errors[0])
        found = body["data"][LIST]
        info = found["pageInfo"]
        return Part(found["nodes"], info["endCursor"] if info["hasNextPage"] else None, found.get("totalCount"))

    def _parsed(self) -> Document:
        try:
            return documents.get(current().modules, self.schema, self.text)
        except Invalid as invalid:
            raise Refused("INVALID", invalid.errors[0]["message"], "query") from invalid
        except ApiError as error:
            raise Refused("INVALID", error.message, "query") from error

    def _check(self) -> None:
        operation = self._operation(self.document.ast)
        found = operation.selection_set.selections
        field = found[0] if len(found) == 1 and operation.operation is OperationType.QUERY else None
        if not isinstance(field, FieldNode) or not self._is_list(field.name.value):
            raise Refused("INVALID", _("Ask for one list: {example}").format(example="{ parties { nodes { id } } }"), "query")
        selected = field.selection_set.selections if field.selection_set else ()
        inner = selected[0] if len(selected) == 1 else None
        if not isinstance(inner, FieldNode) or inner.name.value != "nodes" or inner.alias or inner.directives or field.directives:
            raise Refused("INVALID", _("Of the list ask for its nodes, and nothing else."), "query")
        if paged := [each.name.value for each in field.arguments if each.name.value in PAGING]:
            raise Refused("INVALID", _("The whole list is read: leave out {argument}.").format(argument=paged[0]), "query")
        info = TypeInfo(self.schema)
        visit(self.document.ast, TypeInfoVisitor(info, _Unsized(info, field)))

    @staticmethod
    def _operation(document: DocumentNode) -> OperationDefinitionNode:
        found = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
        if len(found) != 1:
            raise Refused("INVALID", _("Send one query."), "query")
        return found[0]

    def _is_list(self, name: str) -> bool:
        root = self.schema.query_type.fields.get(name) if self.schema.query_type else None
        return root is not None and "page_of" in get_named_type(root.type).extensions

    @cached_property
    def _first_page(self) -> str:
        return self._document("totalCount")

    @cached_property
    def _pages(self) -> str:
        return self._document()

    def _document(self, *more: str) -> str:
        """Return the text that asks for one page."""
        document = deepcopy(self.document.ast)
        operation = self._operation(document)
        (field,) = operation.selection_set.selections
        assert isinstance(field, FieldNode) and field.selection_set
        size = ArgumentNode(name=NameNode(value="first"), value=IntValueNode(value=str(MOST)))
        after = ArgumentNode(name=NameNode(value="after"), value=VariableNode(name=NameNode(value=AFTER)))
        info = SelectionSetNode(selections=(_leaf("hasNextPage"), _leaf("endCursor")))
        field.alias = NameNode(value=LIST)
        field.arguments = (*field.arguments, size, after)
        field.selection_set.selections = (
            *field.selection_set.selections,
            FieldNode(name=NameNode(value="pageInfo"), arguments=(), directives=(), selection_set=info),
            *map(_leaf, more),
        )
        variable = VariableDefinitionNode(
            variable=VariableNode(name=NameNode(value=AFTER)), type=NamedTypeNode(name=NameNode(value="String")), directives=()
        )
        operation.variable_definitions = (*operation.variable_definitions, variable)
        return print_ast(document)


class _Unsized(Visitor):
    """Refuse a list inside that does not say how many rows it shows."""

    def __init__(self, info: TypeInfo, root: FieldNode) -> None:
        super().__init__()
        self.info, self.root = info, root

    def enter_field(self, node: FieldNode, *_more: Any) -> None:
        kind = get_named_type(self.info.get_type())
        sized = any(each.name.value in ("first", "last") for each in node.arguments)
        if node is not self.root and kind is not None and "page_of" in kind.extensions and not sized:
            message = _("Say how many rows {name} shows: give it first.").format(name=node.name.value)
            raise Refused("INVALID", message, "query")


def _leaf(name: str) -> FieldNode:
    return FieldNode(name=NameNode(value=name), arguments=(), directives=())


def ask(request: Request) -> dict[str, Any]:
    """Return the answer to a request in the context that is entered, as a client would read it; it is charged to nobody."""
    return orjson.loads(orjson.dumps(answer_here(request).body))


def error_of(error: dict[str, Any]) -> ApiError:
    """Return the exception that an error in an answer stands for."""
    about = dict(error["extensions"])
    return ApiError(Code(about.pop("code")), error["message"], **about)
