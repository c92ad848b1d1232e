"""What notes tell; the subject is the record they hang on."""

from uuid import UUID

from tessera.events import event


@event("notes.comment_added")
class CommentAdded:
    """Somebody commented on a record, addressing the members in `mentions`."""

    subject: UUID
    label: str
    comment: UUID
    author: UUID | None
    mentions: list[UUID]


@event("notes.file_attached")
class FileAttached:
    """Somebody attached a file to a record."""

    subject: UUID
    label: str
    attachment: UUID
    file_name: str
