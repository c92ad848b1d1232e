"""What hangs on a record goes with it, in the same unit of work."""

from tessera.files.services import discard_files
from tessera.notes.models import Attachment, Comment, TaggedRecord
from tessera.records import deleted_records
from tessera.unit_of_work import Unit, finisher


def forget_notes(unit: Unit) -> None:
    """Delete the notes of the records that this unit deletes; the bytes of files go after the commit."""
    if not (gone := deleted_records(unit)):
        return
    files = list(Attachment.objects.filter(record__in=gone).values_list("file", flat=True))
    for model in (Comment, Attachment, TaggedRecord):
        model.objects.filter(record__in=gone).delete()
    discard_files(files)


finisher(forget_notes, first=True)
