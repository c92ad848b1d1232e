"""The story of a document: what it came of and what came of it, with quantities, amounts and times."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Count, Max, Q, Sum

from tessera.context import current
from tessera.errors import NotFound
from tessera.lineage.models import LineLink
from tessera.module import module_of, modules
from tessera.resource import RESOURCES, Resource, resource_of
from tessera.scope import scoped

MOST_DOCUMENTS = 500


@dataclass(frozen=True, kw_only=True)
class DocumentEdge:
    """`target` <type> `source`, all line links between two documents taken together.

    `quantity` is in base units, `lines` the number of line links.
    """

    type: str
    source_kind: str
    source: UUID
    target_kind: str
    target: UUID
    quantity: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)
    currency: str = ""
    lines: int = 1
    recorded_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class DocumentNode:
    """One document of the story; `parent` and `depth` lay the documents out as a tree, oldest first."""

    id: UUID
    kind: str
    title: str
    number: str
    label: str
    state: str
    document_date: date | None
    quantity: Decimal | None
    amount: Decimal | None
    currency: str
    recorded_at: datetime | None
    parent: UUID | None
    depth: int


@dataclass(frozen=True, kw_only=True)
class DocumentGraph:
    """The documents of a story and how they hang together; `complete` is false where it was cut off."""

    document: UUID
    nodes: list[DocumentNode]
    edges: list[DocumentEdge]
    complete: bool


Related = Callable[[set[UUID]], Iterable[DocumentEdge]]
RELATED: list[Related] = []


def relates(function: Related) -> Related:
    """Register edges that are no line links: asked with documents, answer every edge that touches one."""
    RELATED.append(function)
    return function


def document_graph(*, id: UUID) -> DocumentGraph:
    """Return everything that a document came of, and everything that came of those, as far as the reader may see.

    Upwards only from the document itself: what else a payment settled belongs to other stories.
    """
    story = _Story()
    start = next((kind for kind in _kinds_of(id) if story.admit(kind, {id})), None)
    if start is None:
        raise NotFound()
    story.walk({id}, upwards=True)
    story.walk(set(story.rows), upwards=False)
    return story.told(id)


class _Story:
    """What was found so far: visible rows by id, and edges between them."""

    def __init__(self) -> None:
        self.rows: dict[UUID, Any] = {}
        self.kinds: dict[UUID, str] = {}
        self.edges: dict[tuple[str, UUID, UUID], DocumentEdge] = {}
        self.complete = True

    def admit(self, kind: str, ids: set[UUID]) -> set[UUID]:
        """Load those of `ids` that the reader may see; return them."""
        resource = _resource(kind)
        wanted = ids - self.rows.keys()
        if resource is None or not wanted:
            return set()
        room = MOST_DOCUMENTS - len(self.rows)
        found = list(scoped(resource).filter(pk__in=wanted).order_by("pk")[: room + 1])
        self.complete = self.complete and len(found) <= room
        for row in found[:room]:
            self.rows[row.pk] = row
            self.kinds[row.pk] = resource.model._meta.label
        return {row.pk for row in found[:room]}

    def walk(self, frontier: set[UUID], *, upwards: bool) -> None:
        """Follow edges from document to document until nothing new is found."""
        while frontier:
            edges = _edges(frontier, upwards)
            beyond: dict[str, set[UUID]] = {}
            for edge in edges:
                kind, other = (edge.source_kind, edge.source) if upwards else (edge.target_kind, edge.target)
                beyond.setdefault(kind, set()).add(other)
            frontier = set().union(*(self.admit(kind, ids) for kind, ids in sorted(beyond.items())))
            for edge in edges:
                if edge.source in self.rows and edge.target in self.rows:
                    self.edges[edge.type, edge.source, edge.target] = edge

    def told(self, document: UUID) -> DocumentGraph:
        """Lay the story out: each document under the first one it came of."""
        edges = sorted(self.edges.values(), key=lambda edge: (str(edge.source), str(edge.target), edge.type))
        parents: dict[UUID, UUID] = {}
        for edge in edges:
            known = parents.get(edge.target)
            if known is None or str(edge.source) > str(known):
                parents[edge.target] = edge.source
        children: dict[UUID | None, list[UUID]] = {}
        for each in self.rows:
            children.setdefault(parents.get(each), []).append(each)
        quantities = _quantities(self.rows.values())
        nodes: list[DocumentNode] = []
        waiting = [(each, 0) for each in sorted(children.get(None, []), key=str, reverse=True)]
        while waiting:
            each, depth = waiting.pop()
            nodes.append(_node(self.rows[each], quantities.get(each), parents.get(each), depth))
            waiting += [(child, depth + 1) for child in sorted(children.get(each, []), key=str, reverse=True)]
        return DocumentGraph(document=document, nodes=nodes, edges=edges, complete=self.complete)


def _edges(documents: set[UUID], upwards: bool) -> list[DocumentEdge]:
    side = {"target_document__in" if upwards else "source_document__in": documents}
    rows = (
        LineLink.objects.filter(**side)
        .values("type", "source_kind", "source_document", "target_kind", "target_document", "currency")
        .annotate(quantity=Sum("base_quantity"), sum=Sum("amount"), count=Count("id"), at=Max("recorded_at"))
        .order_by("source_document", "target_document", "type")
    )
    found = [
        DocumentEdge(
            type=row["type"],
            source_kind=row["source_kind"],
            source=row["source_document"],
            target_kind=row["target_kind"],
            target=row["target_document"],
            quantity=row["quantity"],
            amount=row["sum"],
            currency=row["currency"],
            lines=row["count"],
            recorded_at=row["at"],
        )
        for row in rows
    ]
    for related in RELATED:
        if (label := module_of(related)) is None or label in current().modules:
            found += [edge for edge in related(documents) if (edge.target if upwards else edge.source) in documents]
    return found


def _document_model(kind: str) -> Any:
    """Return the model of the document that a line (or a document itself) of this kind belongs to."""
    model = apps.get_model(kind)
    try:
        key = model._meta.get_field("document")
    except FieldDoesNotExist:
        return model
    return key.related_model if key.is_relation else model


def _resource(kind: str) -> Resource | None:
    try:
        found = resource_of(_document_model(kind))
    except LookupError:
        return None
    known = found is not None and (found.module in current().modules or found.module not in modules())
    return found if known else None


def _kinds_of(document: UUID) -> list[str]:
    """Return the kinds that a document may be of: what links say, else every kind that has states."""
    touching = LineLink.objects.filter(Q(source_document=document) | Q(target_document=document)).first()
    if touching:
        return [touching.source_kind if touching.source_document == document else touching.target_kind]
    return sorted(found.model._meta.label for found in RESOURCES.values() if hasattr(found.model, "MOVES"))


def _quantities(rows: Iterable[Any]) -> dict[UUID, Decimal]:
    """Return, per document that has lines with quantities, their sum in base units."""
    by_line_model: dict[Any, list[UUID]] = {}
    for row in rows:
        lines = getattr(type(row), "lines", None)
        line_model = getattr(getattr(lines, "rel", None), "related_model", None)
        names = {field.name for field in line_model._meta.concrete_fields} if line_model else set()
        if {"document", "base_quantity"} <= names:
            by_line_model.setdefault(line_model, []).append(row.pk)
    found: dict[UUID, Decimal] = {}
    for line_model, ids in by_line_model.items():
        sums = line_model.objects.filter(document__in=ids).values("document").annotate(sum=Sum("base_quantity"))
        found |= {each["document"]: each["sum"] for each in sums}
    return found


def _amount_of(row: Any) -> Any:
    """Return what a document amounts to; None where the reader may not read that column."""
    column = next((name for name in ("gross_total", "amount") if hasattr(row, name)), "")
    resource = resource_of(type(row))
    right = resource.field_rights.get(column, "") if resource else ""
    return getattr(row, column, None) if not right or current().actor.may(right) else None


def _node(row: Any, quantity: Decimal | None, parent: UUID | None, depth: int) -> DocumentNode:
    amount = _amount_of(row)
    return DocumentNode(
        id=row.pk,
        kind=row._meta.label,
        title=str(row._meta.verbose_name),
        number=getattr(row, "number", "") or "",
        label=str(row),
        state=getattr(row, "state", "") or "",
        document_date=getattr(row, "document_date", None) or getattr(row, "posting_date", None),
        quantity=quantity,
        amount=amount if isinstance(amount, Decimal) else None,
        currency=(getattr(row, "currency", "") or "") if isinstance(amount, Decimal) else "",
        recorded_at=getattr(row, "created_at", None),
        parent=parent,
        depth=depth,
    )
