"""How a line says which other one it has come of."""

from tessera.api import Link, kind_of

from modules.erp.orders.models.selling import SellingLine


def come_of(type: str, source: SellingLine, target: SellingLine, currency: str) -> Link:
    """Return the link between a line and the one that has come of it, over all that the new one is about."""
    return Link(
        type=type,
        source_kind=kind_of(source),
        source_document=source.document_id,  # type: ignore[attr-defined]
        source_line=source.pk,
        target_kind=kind_of(target),
        target_document=target.document_id,  # type: ignore[attr-defined]
        target_line=target.pk,
        base_quantity=target.base_quantity,
        amount=target.gross,
        currency=currency,
    )
