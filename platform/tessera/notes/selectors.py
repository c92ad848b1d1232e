"""Find records by their notes, and open files: for whoever may see the record, for nobody else."""

from collections.abc import Iterator
from uuid import UUID

from django.db.models import Q, Value
from django.db.models.functions import Lower

from tessera.errors import NotFound
from tessera.files.selectors import bytes_of
from tessera.notes.models import Attachment, Tag, TaggedRecord
from tessera.records import record_at
from tessera.service import demand

READ_TAGS = "notes.tagged_record_view"
READ_FILES = "notes.attachment_view"


def tagged(label: str, tag: str) -> Q:
    """Return the condition for the records of a kind that carry a tag, by its name in any case."""
    named = Tag.objects.annotate(lowered=Lower("name")).filter(lowered=Lower(Value(tag)))
    return Q(pk__in=TaggedRecord.objects.filter(label=label, tag__in=named).values("record"))


def urls_of(*, ids: list[UUID]) -> dict[UUID, str]:
    """Where the file is downloaded, on the company's host."""
    return {key: f"/files/{key}" for key in ids}


def open_attachment(*, attachment: UUID) -> tuple[Attachment, Iterator[bytes]]:
    """Return a file and its bytes in chunks; NOT_FOUND for one on a record that one may not see. Serve it as a download only."""
    demand(READ_FILES)
    row = Attachment.objects.select_related("file").filter(pk=attachment).first()
    if row is None:
        raise NotFound
    record_at(row.label, row.record)
    return row, bytes_of(row.file)
