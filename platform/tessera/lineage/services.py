"""Write links, revisions and holds."""

import hashlib
import json
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model as DjangoModel
from django.db.models import Sum
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from tessera.context import acting, current, system
from tessera.errors import ApiError, Refused
from tessera.fields import ZERO
from tessera.gates import TransitionHeld
from tessera.lineage.models import DocumentRevision, LineLink, LinkType, TransitionHold
from tessera.service import demand, service, service_at
from tessera.unit_of_work import savepoint

_released: ContextVar[UUID | None] = ContextVar("tessera_released_hold", default=None)


def kind_of(row: Any) -> str:
    """Return the kind under which links and holds know a row: its model label."""
    return row._meta.label


def content_hash(document: Any) -> str:
    """Return the SHA-256 of what the document seals (`sealed_content()`), independent of key order."""
    return hash_of(document.sealed_content())


def hash_of(content: dict[str, Any]) -> str:
    """Return the SHA-256 of a JSON-able content, independent of key order."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), cls=DjangoJSONEncoder)
    return hashlib.sha256(text.encode()).hexdigest()


def save_revision(document: Any) -> DocumentRevision:
    """Keep the document's current content as its current revision."""
    return save_revisions([document])[0]


def save_revisions(documents: Sequence[Any]) -> list[DocumentRevision]:
    """Keep the current content of documents as their current revisions, in one statement."""
    made_by = current().actor.member_id
    contents = [json.loads(json.dumps(document.sealed_content(), cls=DjangoJSONEncoder)) for document in documents]
    return DocumentRevision.objects.bulk_create(
        DocumentRevision(
            kind=kind_of(document),
            document=document.pk,
            revision=document.revision,
            content=content,
            content_hash=hash_of(content),
            made_by=made_by,
        )
        for document, content in zip(documents, contents, strict=True)
    )


def link_lines(
    *,
    type: str,
    source: Any,
    source_document: UUID,
    source_kind: str = "",
    target: Any,
    target_document: UUID,
    base_quantity: Decimal = ZERO,
    amount: Decimal = ZERO,
    currency: str = "",
    at_most: Decimal | None = None,
) -> LineLink:
    """Say that `target` was made from `source`; the caller holds the lock of the source line.

    A source of a module that need not be installed is given by its key and `source_kind`.
    `at_most` bounds the sum of this type of link on the source line (quantity - cancelled +
    tolerance); beyond it LIMIT is refused.
    """
    key = source if source_kind else source.pk
    if at_most is not None and linked([key], type).get(key, ZERO) + base_quantity > at_most:
        raise Refused("LIMIT", _("This is more than what is left on the line."), "quantity")
    link = LineLink(
        type=type,
        source_kind=source_kind or kind_of(source),
        source_document=source_document,
        source_line=key,
        target_kind=kind_of(target),
        target_document=target_document,
        target_line=target.pk,
        base_quantity=base_quantity,
        amount=amount,
        currency=currency,
    )
    link.save()
    return link


def link_documents(
    *,
    source_kind: str,
    source: UUID,
    target: Any,
    type: str = LinkType.DERIVES,
    amount: Decimal = ZERO,
    currency: str = "",
) -> LineLink:
    """Say that `target` came of the document `source` as a whole: a lead of an opportunity, an order of a survey.

    The source is named by kind and key, because its module need not be one that the caller may import.
    """
    link = LineLink(
        type=type,
        source_kind=source_kind,
        source_document=source,
        source_line=source,
        target_kind=kind_of(target),
        target_document=target.pk,
        target_line=target.pk,
        amount=amount,
        currency=currency,
    )
    link.save()
    return link


def linked(lines: list[UUID], type: str) -> dict[UUID, Decimal]:
    """Return, per source line that has any, the base quantity linked by `type`."""
    rows = LineLink.objects.filter(source_line__in=lines, type=type).values("source_line").annotate(sum=Sum("base_quantity"))
    return {row["source_line"]: row["sum"] for row in rows}


def linked_amounts(documents: list[UUID], type: str) -> dict[UUID, Decimal]:
    """Return, per source document that has any, the amount linked by `type`, in the links' currency."""
    rows = LineLink.objects.filter(source_document__in=documents, type=type).values("source_document").annotate(sum=Sum("amount"))
    return {row["source_document"]: row["sum"] for row in rows}


def _frozen(value: Any) -> Any:
    if isinstance(value, DjangoModel):
        return {"$row": value._meta.label, "id": str(value.pk)}
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, UUID):
        return {"$uuid": str(value)}
    if is_dataclass(value) and not isinstance(value, type):
        kind = type(value)
        values = {each.name: _frozen(getattr(value, each.name)) for each in fields(value)}
        return {"$dataclass": f"{kind.__module__}.{kind.__qualname__}", "values": values}
    if isinstance(value, dict):
        if any(key.startswith("$") for key in value):
            raise Refused("INVALID", _("A name may not begin with $."))  # it would be thawed as one of our marks
        return {key: _frozen(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_frozen(item) for item in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if hasattr(value, "isoformat"):
        return {"$" + type(value).__name__: value.isoformat()}
    raise TypeError(f"a held service cannot take a {type(value).__name__}; pass plain values")


def _thawed(value: Any) -> Any:
    from datetime import date, datetime

    if isinstance(value, list):
        return [_thawed(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$row" in value:
        return apps.get_model(value["$row"])._default_manager.get(pk=value["id"])
    if "$dataclass" in value:
        return import_string(value["$dataclass"])(**_thawed(value["values"]))
    makers: dict[str, Any] = {
        "$decimal": Decimal,
        "$uuid": UUID,
        "$date": date.fromisoformat,
        "$datetime": datetime.fromisoformat,
    }
    for mark, make in makers.items():
        if mark in value:
            return make(value[mark])
    return {key: _thawed(item) for key, item in value.items()}


def hold_transition(*, held: TransitionHeld, service: Any, arguments: dict[str, Any]) -> Any:
    """Keep a held transition and start what decides it; return the untouched document.

    Refuses with STATE where the held service had made the document itself: undone, there is nothing to
    come back to (`apart` keeps what was made). A hold that waits already for other content of the document is void: the new one takes its place.
    """
    transition = held.transition
    document = type(transition.document)._default_manager.filter(pk=transition.document.pk).first()
    if document is None:
        raise Refused("STATE", _("This needs an approval first: save it as a draft, then ask for it."), "state")
    actor = current().actor
    sealed = held.content_hash
    waiting = waiting_hold(document.pk)
    if waiting and waiting.target == transition.target and waiting.content_hash != sealed:
        close_hold(hold=waiting, state=TransitionHold.State.VOID)
    hold = TransitionHold(
        kind=kind_of(document),
        document=document.pk,
        source=transition.source,
        target=transition.target,
        content_hash=sealed,
        requested_by=actor.member_id,
        requester_name=actor.name[:200],
        service=service.path,
        arguments=_frozen(arguments),
    )
    hold.save()
    with acting(system("hold a transition")):
        held.gate.hold(hold, transition)
    return document


@service()
def release_hold(*, hold: TransitionHold, requester: Any) -> TransitionHold:
    """Run a held service again as its requester (an `Actor`); everything is checked again.

    Refused there, the hold stays waiting and carries the reason. Held there by the next process,
    it stays waiting for that one.
    """
    again = service_at(hold.service)
    token = _released.set(hold.pk)
    try:
        with savepoint(), acting(requester):
            if again.permission:
                demand(again.permission)
            again.inner(**_thawed(hold.arguments))
    except TransitionHeld as held:
        hold.reason = ""
        hold.save()
        with acting(system("hold a transition")):
            held.gate.hold(hold, held.transition)
        return hold
    except (Refused, ApiError) as refusal:
        hold.reason = str(refusal)[:1000]
    else:
        hold.state = TransitionHold.State.RELEASED
        hold.reason = ""
    finally:
        _released.reset(token)
    hold.save()
    return hold


@service()
def close_hold(*, hold: TransitionHold, state: Any, reason: str = "") -> TransitionHold:
    """End a hold without running its service: rejected, withdrawn, or void."""
    hold.state = state
    hold.reason = reason[:1000]
    hold.save()
    return hold


def waiting_hold(document: UUID) -> TransitionHold | None:
    """Return the hold that a document waits on, if any."""
    return TransitionHold.objects.filter(document=document, state=TransitionHold.State.WAITING).first()


def refuse_while_held(document: Any) -> None:
    """Refuse with STATE while a document waits for approval: its content is locked.

    The change that was approved is let through while its own hold is released.
    """
    waiting = waiting_hold(document.pk)
    if waiting and waiting.pk != _released.get():
        raise Refused("STATE", _("This document waits for approval; withdraw the request to change it."), "state")
