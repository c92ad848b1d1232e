"""Read the notes of a record: seen by whoever may see the record, by nobody else."""

from collections.abc import Iterable
from uuid import UUID

from django.core.files import File
from django.core.files.storage import default_storage
from django.db.models import Q

from tessera.errors import NotFound
from tessera.notes.models import Attachment, Comment, Tag, TaggedRecord
from tessera.records import record_at


def comments_on(*, label: str, record: UUID) -> list[Comment]:
    """Return the comments on a record, oldest first; NOT_FOUND for a record that one may not see."""
    record_at(label, record)
    return list(Comment.objects.filter(label=label, record=record).order_by("id"))


def attachments_on(*, label: str, record: UUID) -> list[Attachment]:
    """Return the files on a record, oldest first; NOT_FOUND for a record that one may not see."""
    record_at(label, record)
    return list(Attachment.objects.filter(label=label, record=record).order_by("id"))


def tags_on(*, label: str, record: UUID) -> list[TaggedRecord]:
    """Return the tags of a record by name; NOT_FOUND for a record that one may not see."""
    record_at(label, record)
    return list(TaggedRecord.objects.filter(label=label, record=record).select_related("tag").order_by("tag__name"))


def tags_of(*, label: str, ids: Iterable[UUID]) -> dict[UUID, list[str]]:
    """Return the tag names of many records at once; the caller has checked that they may be seen."""
    found: dict[UUID, list[str]] = {}
    rows = TaggedRecord.objects.filter(label=label, record__in=list(ids)).order_by("tag__name")
    for record, name in rows.values_list("record", "tag__name"):
        found.setdefault(record, []).append(name)
    return found


def tagged(label: str, tag: str) -> Q:
    """Return the condition for the records of a kind that carry a tag."""
    return Q(pk__in=TaggedRecord.objects.filter(label=label, tag__in=Tag.objects.filter(name__iexact=tag)).values("record"))


def open_attachment(*, attachment: UUID) -> tuple[Attachment, File]:
    """Return a file and its open bytes; serve them as a download, never as a page of ours."""
    row = Attachment.objects.filter(pk=attachment).first()
    if row is None:
        raise NotFound
    record_at(row.label, row.record)
    return row, default_storage.open(row.path)
