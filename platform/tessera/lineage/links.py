"""Many line links at once, from lines that need not be loaded."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from tessera.errors import Refused
from tessera.fields import ZERO
from tessera.lineage.models import LineLink
from tessera.lineage.services import linked


@dataclass(frozen=True, kw_only=True)
class Link:
    """A line link to be made: kinds are model labels, so a line of a module that may be absent can be named.

    `at_most` bounds the sum of this type of link on the source line; `where` is the path of the input to blame.
    """

    type: str
    source_kind: str
    source_document: UUID
    source_line: UUID
    target_kind: str
    target_document: UUID
    target_line: UUID
    base_quantity: Decimal = ZERO
    amount: Decimal = ZERO
    currency: str = ""
    at_most: Decimal | None = None
    where: tuple[str, ...] = ("quantity",)


_COLUMNS = tuple(each.name for each in fields(Link) if each.name not in ("at_most", "where"))


def link_many(links: Sequence[Link]) -> list[LineLink]:
    """Make links in two statements per type, however many; the caller holds the locks of the source lines.

    Refuses with LIMIT where links would exceed what is left on their source line.
    """
    made = []
    for type_ in sorted({link.type for link in links}):
        chosen = [link for link in links if link.type == type_]
        bounded = sorted({link.source_line for link in chosen if link.at_most is not None})
        sums = linked(bounded, type_) if bounded else {}
        for link in chosen:
            sums[link.source_line] = sums.get(link.source_line, ZERO) + link.base_quantity
            if link.at_most is not None and sums[link.source_line] > link.at_most:
                raise Refused("LIMIT", _("This is more than what is left on the line."), *link.where)
            made.append(LineLink(**{name: getattr(link, name) for name in _COLUMNS}))
    return LineLink.objects.bulk_create(made)
