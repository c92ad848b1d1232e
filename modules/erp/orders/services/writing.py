"""Write a document with its lines and tax rows in few statements."""

from typing import Any
from uuid import UUID

from modules.base.api import Document, TaxAmount
from modules.erp.orders.models.selling import SellingLine
from modules.erp.orders.services.lines import Built


def present_lines(document: Document) -> dict[UUID, Any]:
    """Return the lines that a document has, by id, with what pricing them needs."""
    lines = document.lines.select_related("item", "unit").prefetch_related("taxes")  # type: ignore[attr-defined]
    return {line.pk: line for line in lines.order_by("position", "id")}


def write_document(
    document: Document, built: Built[Any], rows: list[TaxAmount], removed: list[SellingLine] | None = None
) -> None:
    """Save header and lines, and write the tax rows anew."""
    document.save()
    line_model, tax_model = type(document).lines.rel.related_model, type(document).taxes.rel.related_model  # type: ignore[attr-defined]
    if built.before or removed:
        tax_model.objects.filter(document=document).delete()
    if removed:
        line_model.objects.filter(pk__in=[line.pk for line in removed]).delete()
    fresh = [line for line in built.lines if line._state.adding]
    for line in built.lines:
        if not line._state.adding:
            line.save()
    line_model.objects.bulk_create(fresh)
    tax_model.objects.bulk_create(
        tax_model(document=document, line=row.line, tax_point_date=document.document_date, **row.values()) for row in rows
    )
