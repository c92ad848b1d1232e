"""Draft documents with their lines and tax rows, and write them in few statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from modules.base.api import Document, TaxAmount
from modules.erp.orders.models.selling import SellingDocument, SellingLine, line_model, tax_model
from modules.erp.orders.services.headers import DraftTerms, new_document
from modules.erp.orders.services.lines import Built, build_lines, total
from modules.erp.orders.services.masters import Masters

D = TypeVar("D", bound=SellingDocument)


@dataclass(frozen=True)
class Draft(Generic[D]):
    """A document with its lines and tax rows, priced and not written yet."""

    document: D
    built: Built[Any]
    taxes: list[TaxAmount]


def draft_one(model: type[D], lines: Sequence[Any], terms: DraftTerms, **more: Any) -> Draft[D]:
    """Return one new document of the terms that a service was given."""
    given: dict[str, Any] = {**terms, **more}
    masters = Masters(given.pop("company"), [terms["party"]])
    return draft(model, masters, lines=lines, **given)


def draft(model: type[D], masters: Masters, *, lines: Sequence[Any], **terms: Any) -> Draft[D]:
    """Return a new document, priced and taxed; nothing is written. Refuses with every problem of its lines."""
    document = new_document(model, masters, **terms)
    built: Built[Any] = build_lines(document, lines, {}, masters)
    rows = total(document, built)
    document.keep_lines(built.lines)
    return Draft(document, built, rows)


def write_drafts(drafts: Sequence[Draft[Any]]) -> None:
    """Write new documents of one kind: three statements, however many."""
    if not drafts:
        return
    model = type(drafts[0].document)
    model.objects.bulk_create([each.document for each in drafts])
    line_model(model).objects.bulk_create([line for each in drafts for line in each.built.lines])
    tax_model(model).objects.bulk_create([row for each in drafts for row in _tax_rows(each.document, each.taxes)])


def present_lines(document: Document) -> dict[UUID, Any]:
    """Return the lines that a document has, by id, with what pricing them needs."""
    lines = document.lines.select_related("item", "unit").prefetch_related("taxes")  # type: ignore[attr-defined]
    return {line.pk: line for line in lines.order_by("position", "id")}


def write_changes(
    document: SellingDocument, built: Built[Any], rows: list[TaxAmount], removed: list[SellingLine] | None = None
) -> None:
    """Save header and lines of a document that was there, and write the tax rows anew."""
    document.save()
    if built.before or removed:
        tax_model(document).objects.filter(document=document).delete()
    if removed:
        line_model(document).objects.filter(pk__in=[line.pk for line in removed]).delete()
    fresh = [line for line in built.lines if line._state.adding]
    for line in built.lines:
        if not line._state.adding:
            line.save()
    line_model(document).objects.bulk_create(fresh)
    tax_model(document).objects.bulk_create(_tax_rows(document, rows))
    document.keep_lines(built.lines)


def _tax_rows(document: SellingDocument, rows: Sequence[TaxAmount]) -> list[Any]:
    model = tax_model(document)
    return [model(document=document, line=row.line, tax_point_date=document.document_date, **row.values()) for row in rows]
