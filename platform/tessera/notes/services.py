"""Put notes on records and take them off; each service asks first whether the actor may see the record."""

from uuid import UUID

from django.utils.translation import gettext as _

from tessera.access.selectors import active_among
from tessera.context import current
from tessera.errors import Forbidden, Refused
from tessera.events import publish
from tessera.files.media import lies
from tessera.files.models import StoredFile
from tessera.files.services import checked_name, discard_files, keep_file
from tessera.notes.events import CommentAdded, FileAttached
from tessera.notes.models import Attachment, Comment, Tag, TaggedRecord
from tessera.records import record_at
from tessera.service import service

MODERATE = "notes.note_moderate"
LONGEST = 20_000


def _own(member: UUID | None) -> None:
    """Let the author pass, and who may moderate; nobody else."""
    actor = current().actor
    if (actor.member_id is None or actor.member_id != member) and not actor.may(MODERATE):
        raise Forbidden(MODERATE)


def _text(body: str) -> str:
    if not body.strip():
        raise Refused("REQUIRED", _("Write something."), "body")
    if len(body) > LONGEST:
        raise Refused("INVALID", _("A comment has at most {most} characters.").format(most=LONGEST), "body")
    return body


@service(permission="notes.comment_create")
def add_comment(
    *, label: str, record: UUID, body: str, mentions: list[UUID] | None = None, reply_to: Comment | None = None
) -> Comment:
    """Comment on a record, addressing members if you like."""
    record_at(label, record)
    wanted = list(dict.fromkeys(mentions or []))
    if missing := set(wanted) - active_among(members=wanted):
        raise Refused("NOT_FOUND", _("There is no such active member."), "mentions", str(wanted.index(min(missing))))
    if reply_to is not None and (reply_to.label, reply_to.record) != (label, record):
        raise Refused("INVALID", _("An answer is on the same record."), "reply_to")
    made = Comment(
        label=label,
        record=record,
        author=current().actor.member_id,
        body=_text(body),
        mentions=[str(each) for each in wanted],
        reply_to=reply_to,
    )
    made.save()
    publish(CommentAdded(subject=record, label=label, comment=made.pk, author=made.author, mentions=wanted))
    return made


@service(permission="notes.comment_create")
def edit_comment(*, comment: Comment, body: str) -> Comment:
    """Change one's own comment."""
    record_at(comment.label, comment.record)
    _own(comment.author)
    comment.body = _text(body)
    comment.save()
    return comment


@service(permission="notes.comment_create")
def delete_comment(*, comment: Comment) -> None:
    """Delete one's own comment; answers to it stay."""
    record_at(comment.label, comment.record)
    _own(comment.author)
    comment.delete()


@service(permission="notes.attachment_create")
def attach_file(*, label: str, record: UUID, file: StoredFile, name: str = "") -> Attachment:
    """Attach a file that was uploaded to a record, under its own name or another one; a file is attached once."""
    record_at(label, record)
    kept = keep_file(file=file, purpose=StoredFile.Purpose.ATTACHMENT)
    name = checked_name(name or kept.name)
    if lies(name, kept.media_type):
        raise Refused("INVALID", _("The name promises another type than {kind}.").format(kind=kept.media_type), "name")
    made = Attachment(
        label=label,
        record=record,
        name=name,
        media_type=kept.media_type,
        size=kept.size,
        sha256=kept.sha256,
        file=kept,
        uploaded_by=current().actor.member_id,
    )
    made.save()
    publish(FileAttached(subject=record, label=label, attachment=made.pk, file_name=name))
    return made


@service(permission="notes.attachment_create")
def remove_attachment(*, attachment: Attachment) -> None:
    """Remove a file that one attached; its bytes go after the commit."""
    record_at(attachment.label, attachment.record)
    _own(attachment.uploaded_by)
    file = attachment.file_id
    attachment.delete()
    discard_files([file])


@service(permission="notes.tagged_record_create")
def tag_record(*, label: str, record: UUID, tag: str, colour: str = "") -> TaggedRecord:
    """Put a tag on a record, making the tag when there is none of this name; twice is once."""
    record_at(label, record)
    name = " ".join(tag.split())
    if not name or len(name) > 60:
        raise Refused("INVALID", _("A tag has 1 to 60 characters."), "tag")
    found = Tag.objects.filter(name__iexact=name).first()
    if found is None:
        found = Tag(name=name, colour=colour.lower())
        found.save()
    tagged = TaggedRecord.objects.filter(tag=found, record=record).first()
    if tagged is None:
        tagged = TaggedRecord(label=label, record=record, tag=found)
        tagged.save()
    return tagged


@service(permission="notes.tagged_record_create")
def untag_record(*, tagged: TaggedRecord) -> None:
    """Take a tag off a record."""
    record_at(tagged.label, tagged.record)
    tagged.delete()
