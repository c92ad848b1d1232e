"""What hangs on a record goes with it, in the same unit of work."""

from tessera.files import delete_file
from tessera.notes.models import Attachment, Comment, TaggedRecord
from tessera.records import deleted_records
from tessera.unit_of_work import Unit, finisher, on_commit


def forget_notes(unit: Unit) -> None:
    """Delete the notes of the records that this unit deletes; the bytes of files go after the commit."""
    if not (gone := deleted_records(unit)):
        return
    paths = list(Attachment.objects.filter(record__in=gone).values_list("path", flat=True))
    for model in (Comment, Attachment, TaggedRecord):
        model.objects.filter(record__in=gone).delete()
    if paths:
        on_commit(lambda: _delete_files(paths))


def _delete_files(paths: list[str]) -> None:
    for path in paths:
        delete_file(path)


finisher(forget_notes, first=True)
