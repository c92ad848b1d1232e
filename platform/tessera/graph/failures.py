"""What a client gets to know of a failure: a code of the closed list, and nothing internal."""

import logging
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from django.db import DataError, OperationalError
from graphql import ArgumentNode, GraphQLError, Node, ObjectFieldNode, Visitor, visit
from graphql.language import DocumentNode

from tessera.db.pools import none_was_free
from tessera.errors import ApiError, Code, Refused
from tessera.graph.giving_way import give_way
from tessera.graph.reports import refused

_log = logging.getLogger(__name__)
_BY_STATE = {
    "57014": (Code.TIMEOUT, "The request took too long."),
    "55P03": (Code.CONFLICT, "Somebody else is working on the same records; try again."),
    "40P01": (Code.CONFLICT, "Somebody else is working on the same records; try again."),
    "40001": (Code.CONFLICT, "Somebody else is working on the same records; try again."),
}


def known(error: BaseException) -> ApiError | None:
    """Return what an exception is to a client; None for a defect."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, Refused):
        return refused(error)
    if isinstance(error, DataError):
        return ApiError(Code.BAD_INPUT, "A value is too long or too large.")
    if none_was_free(error):
        return ApiError(Code.TIMEOUT, "Too much is asked for at this moment; try again.")
    state = getattr(error.__cause__, "sqlstate", None) if isinstance(error, OperationalError) else None
    return ApiError(*_BY_STATE[state]) if state in _BY_STATE else None


def masked(error: BaseException) -> dict[str, Any]:
    """Return the error object of a defect: INTERNAL and an id, under which the log has the rest."""
    error_id = uuid4().hex
    _log.error("request failed, error %s", error_id, exc_info=error)
    return {"message": "Something went wrong on our side.", "extensions": {"code": Code.INTERNAL.value, "errorId": error_id}}


def shown(error: BaseException) -> dict[str, Any]:
    """Return the error object for any exception."""
    found = known(error)
    if found is None:
        return masked(error)
    return {"message": str(found.message), "extensions": {"code": found.code.value, **found.extensions}}


def of_field(error: GraphQLError) -> dict[str, Any]:
    """Return the error object of a field that failed."""
    cause = error.original_error
    made = bad_input(error) if cause is None or isinstance(cause, GraphQLError) else shown(cause)
    made["path"] = error.path
    return _located(made, error)


def bad_input(error: GraphQLError, field: list[str] | None = None) -> dict[str, Any]:
    """Return the error object of a document or variable that is wrong."""
    extensions: dict[str, Any] = {"code": Code.BAD_INPUT.value}
    if field:
        extensions["field"] = field
    return _located({"message": error.message, "extensions": extensions}, error)


def of_validation(errors: list[GraphQLError], document: DocumentNode) -> list[dict[str, Any]]:
    """Return the error objects of validation errors, each with the argument that a wrong value stands in."""
    seek = _Seek(id(error.nodes[0]) for error in errors if error.nodes)
    visit(document, seek)
    return [bad_input(error, seek.found.get(id(error.nodes[0])) if error.nodes else None) for error in errors]


def _located(made: dict[str, Any], error: GraphQLError) -> dict[str, Any]:
    if error.locations:
        made["locations"] = [location.formatted for location in error.locations]
    return made


class _Seek(Visitor):
    """Finds the arguments that nodes stand in, by the nodes' ids."""

    def __init__(self, wanted: Iterable[int]) -> None:
        super().__init__()
        self.wanted = frozenset(wanted)
        self.found: dict[int, list[str]] = {}

    def enter(self, node: Node, _key: Any, parent: Any, _path: Any, ancestors: list[Any]) -> None:
        give_way()
        if id(node) in self.wanted:
            named = [each for each in (*ancestors, parent, node) if isinstance(each, (ArgumentNode, ObjectFieldNode))]
            if named:
                self.found[id(node)] = [each.name.value for each in named]
