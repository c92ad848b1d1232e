"""Business documents: every one carries the skeleton."""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

from django.db import models

from tessera.module import modules
from tessera.testing.contract.parts import Part, check


@cache
def skeleton() -> tuple[type[models.Model], type[models.Model]]:
    """Return the abstract document and line, which the module `base` keeps."""
    found = import_module(f"{modules()['base'].name}.models")
    return found.Document, found.DocumentLine


def documents_of(part: Part) -> list[Any]:
    """Return a module's business documents."""
    return [model for model in part.models if issubclass(model, skeleton()[0])]


def lines_of(part: Part) -> list[Any]:
    """Return a module's lines of business documents."""
    return [model for model in part.models if issubclass(model, skeleton()[1])]


@check
def documents_move_by_pairs(part: Part) -> Iterator[str]:
    """A document declares MOVES, pairs of its states that all can be reached from the first."""
    for model in documents_of(part):
        moves, first = model.MOVES, model._meta.get_field("state").get_default()
        if not moves:
            yield f"{model.__name__} has no MOVES"
            continue
        if wrong := [pair for pair in moves if not (isinstance(pair, tuple) and len(pair) == 2)]:
            yield f"{model.__name__}.MOVES has {wrong}, which are no pairs"
            continue
        states = {str(state) for pair in moves for state in pair}
        reached = {first}
        while more := {str(after) for before, after in moves if before in reached} - reached:
            reached |= more
        if first not in states:
            yield f"{model.__name__} begins as {first!r}, which MOVES does not know"
        elif lost := sorted(states - reached):
            yield f"{model.__name__}: no way leads from {first!r} to {', '.join(lost)}"
        values: dict[str, Any] = dict(vars(model))
        kinds: Any = values.get("State") if isinstance(values.get("State"), type) else None
        if kinds is not None and (odd := {str(each) for each in kinds} ^ states):
            yield f"{model.__name__}: State and MOVES differ by {', '.join(sorted(odd))}"


@check
def documents_seal_their_content(part: Part) -> Iterator[str]:
    """What an approval covers names columns that exist, and at least all that the skeleton seals."""
    for kind, mine in zip(skeleton(), (documents_of(part), lines_of(part)), strict=True):
        for model in mine:
            columns = {column.attname for column in model._meta.concrete_fields}
            if unknown := sorted(set(model.SEALED) - columns):
                yield f"{model.__name__}.SEALED names {', '.join(unknown)}, which are no columns"
            if missing := sorted(set(kind.SEALED) - set(model.SEALED)):
                yield f"{model.__name__}.SEALED leaves out {', '.join(missing)}"


@check
def documents_keep_the_constraints(part: Part) -> Iterator[str]:
    """A concrete document or line keeps every constraint and column of the skeleton."""
    for kind, mine in zip(skeleton(), (documents_of(part), lines_of(part)), strict=True):
        for model in mine:
            have = {constraint.name for constraint in model._meta.constraints}
            for constraint in kind._meta.constraints:
                name = constraint.name % {"class": model.__name__.lower(), "app_label": model._meta.app_label}
                if name not in have:
                    yield f"{model.__name__} lost the constraint {name}: begin its Meta.constraints with the skeleton's"
            columns = {column.name for column in model._meta.concrete_fields}
            for missing in sorted({column.name for column in kind._meta.local_fields} - columns):
                yield f"{model.__name__} lost the column {missing}"


@check
def lines_hang_on_documents(part: Part) -> Iterator[str]:
    """A line points to its document by `document`, which finds it by `lines`; a document has lines or says how it seals."""
    document, line = skeleton()
    for model in lines_of(part):
        key = next((column for column in model._meta.concrete_fields if column.name == "document"), None)
        if key is None or not key.remote_field or not issubclass(key.related_model, document):
            yield f"{model.__name__} has no key `document` to a business document"
        elif key.remote_field.related_name != "lines":
            yield f'{model.__name__}.document: related_name is not "lines"'
    for model in documents_of(part):
        lines = getattr(getattr(model, "lines", None), "rel", None)
        own = model.sealed_lines is not document.sealed_lines  # type: ignore[attr-defined]
        if not own and not (lines and issubclass(lines.related_model, line)):
            yield f"{model.__name__} has no lines and no sealed_lines of its own"
