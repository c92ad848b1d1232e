"""What `tessera.testing.rows` cannot know: links, revisions and holds are of documents that there are."""

from tessera.testing.rows import tenant_models


def kinds():
    """Return the models of documents."""
    return [model for model in tenant_models() if hasattr(model, "MOVES")]


SOURCE = {"kind": lambda rows, number: kinds()[0]._meta.label, "document": lambda rows, number: rows.row(kinds()[0], number).pk}
TARGET = {"kind": lambda rows, number: kinds()[1]._meta.label, "document": lambda rows, number: rows.row(kinds()[1], number).pk}
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
