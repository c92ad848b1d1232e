"""What a partner is shown of its money: terms, what is owed, statements with their lines, payouts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from tessera.module import modules

from billing.catalogue.page import amount_text
from billing.catalogue.selectors import catalogue
from billing.models import Partner, PartnerLine, PartnerStatement, Payout
from billing.partners.statements import balances_of

HEAD = (
    *("occurred_at", "kind", "product", "module", "invoice", "source", "currency", "gross", "share", "net"),
    *("basis_points", "line"),
)


@dataclass(frozen=True, kw_only=True)
class OwedRow:
    """What is owed in a currency, and what of it no statement tells yet, as texts."""

    currency: str
    owed: str
    of_lines: str


@dataclass(frozen=True, kw_only=True)
class StatementRow:
    """A statement as it is listed: amounts as texts, and how its payout stands, None where nothing is due."""

    row: PartnerStatement
    net: str
    closing: str
    due: str
    payout: Payout | None


@dataclass(frozen=True, kw_only=True)
class LineRow:
    """A line of a statement: what it is about in words, amounts as texts; the platform's share with the sign that it has in the sum."""

    at: datetime
    kind: str
    what: str
    gross: str
    share: str
    net: str


def name_of(partner: Partner) -> str:
    """Return the name of a partner; its vendor prefix where the catalogue does not have it any more."""
    terms = catalogue().terms.get(partner.vendor)
    return terms.name if terms else partner.vendor


def share_of(partner: Partner) -> str | None:
    """Return how much the platform keeps, in per cent, as the terms are now; None where there are none."""
    terms = catalogue().terms.get(partner.vendor)
    return f"{(Decimal(terms.share) / 100).normalize():f}" if terms else None


def owed_to(partner: Partner) -> list[OwedRow]:
    """Return what is owed by currency."""
    return [
        OwedRow(
            currency=each.currency, owed=amount_text(each.owed, each.currency), of_lines=amount_text(each.of_lines, each.currency)
        )
        for each in balances_of(partner)
    ]


def statements_of(partner: Partner) -> list[StatementRow]:
    """Return the statements, the newest first."""
    payouts = {each.statement_id: each for each in Payout.objects.filter(statement__partner=partner)}
    return [
        StatementRow(
            row=each,
            net=amount_text(each.net, each.currency),
            closing=amount_text(each.closing, each.currency),
            due=amount_text(each.due, each.currency),
            payout=payouts.get(each.pk),
        )
        for each in partner.statements.order_by("-month", "currency")
    ]


def lines_of(statement: PartnerStatement) -> QuerySet[PartnerLine]:
    """Return the lines of a statement as they happened."""
    found = PartnerLine.objects.filter(entry__statement=statement).select_related("invoice")
    return found.order_by("occurred_at", "id")


def shown(line: PartnerLine) -> LineRow:
    """Return a line as people read it."""
    return LineRow(
        at=line.occurred_at,
        kind=line.get_kind_display(),
        what=_title(line),
        gross=amount_text(line.gross, line.currency),
        share=amount_text(-line.share, line.currency),
        net=amount_text(line.net, line.currency),
    )


def _title(line: PartnerLine) -> str:
    offer = catalogue().by_key.get(line.product)
    title = str(offer.title) if offer else line.product
    if not line.module:
        return title
    return f"{title} / {modules()[line.module].title if line.module in modules() else line.module}"


def csv_rows(statement: PartnerStatement) -> Iterator[tuple[Any, ...]]:
    """Yield a statement as a table, its head first: moments in UTC, amounts plain, gross less share is net."""
    yield HEAD
    for line in lines_of(statement).iterator(chunk_size=500):
        amounts = (format(amount.normalize() + Decimal("0.00"), "f") for amount in (line.gross, line.share, line.net))
        yield (
            *(line.occurred_at.strftime("%Y-%m-%dT%H:%M:%SZ"), line.kind, line.product, line.module),
            *(line.invoice.stripe_id, line.source, line.currency, *amounts, line.basis_points, line.pk),
        )
