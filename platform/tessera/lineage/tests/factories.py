"""What `tessera.testing.rows` cannot know: links, revisions and holds are of documents that there are."""

from collections.abc import Callable
from typing import Any

from tessera.access.models import Member
from tessera.context import current
from tessera.module import module_of
from tessera.testing.rows import tenant_models


def kinds() -> list[Any]:
    """Return the models of documents whose modules are on, or members where there are none."""
    here = (None, *current().modules)
    return [model for model in tenant_models() if hasattr(model, "MOVES") and module_of(model) in here] or [Member]


def document(place: int) -> dict[str, Callable[..., Any]]:
    """Return what names a row of the kind of document at a place, 0 for the first, -1 for the last."""
    return {
        "kind": lambda rows, number: kinds()[place]._meta.label,
        "document": lambda rows, number: rows.row(kinds()[place], number).pk,
    }


SOURCE, TARGET = document(0), document(-1)
ROWS = {
    "LineLink": {
        "source_kind": SOURCE["kind"],
        "source_document": SOURCE["document"],
        "source_line": SOURCE["document"],
        "target_kind": TARGET["kind"],
        "target_document": TARGET["document"],
        "target_line": TARGET["document"],
    },
    "DocumentRevision": SOURCE,
    "TransitionHold": SOURCE,
}
