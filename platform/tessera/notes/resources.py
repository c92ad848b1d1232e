"""What people see of notes: each on its record, and in lists over all records that one may see."""

from django.utils.translation import gettext_lazy as _

from tessera.module import Permission
from tessera.notes import selectors, services
from tessera.notes.models import Attachment, Comment, Tag, TaggedRecord
from tessera.permissions import KERNEL_PERMISSIONS
from tessera.resource import EVERY_RECORD, Computed, List, Resource, RowScope, Under

KERNEL_PERMISSIONS += [
    Permission("notes.comment_create", _("Comment on records one may see")),
    Permission("notes.attachment_create", _("Attach files to records one may see")),
    Permission("notes.tagged_record_create", _("Tag records one may see")),
    Permission("notes.note_moderate", _("Change and remove other members' comments and files")),
]

Resource(
    model=Comment,
    fields=("label", "record", "author", "body", "mentions", "reply_to", "version", "created_at", "updated_at"),
    create=services.add_comment,
    update=services.edit_comment,
    delete=services.delete_comment,
    filters=("label", "record", "author", "created_at"),
    order=("created_at",),
    search=("body",),
    scope=RowScope(on_record=True),
    under=(Under(EVERY_RECORD, "comments", "record"),),
)
Resource(
    model=Attachment,
    fields=("label", "record", "name", "media_type", "size", "sha256", "uploaded_by", "version", "created_at"),
    computed=(Computed("url", selectors.urls_of),),
    create=services.attach_file,
    delete=services.remove_attachment,
    filters=("label", "record", "name", "uploaded_by", "created_at"),
    order=("name", "created_at"),
    search=("name",),
    scope=RowScope(on_record=True),
    under=(Under(EVERY_RECORD, "attachments", "record"),),
)
Resource(
    model=Tag,
    fields=("name", "colour", "version"),
    writable=("name", "colour"),
    update=True,
    delete=True,
    filters=("name",),
    order=("name",),
    search=("name",),
    views=(List(("name", "colour")),),
)
Resource(
    model=TaggedRecord,
    fields=("label", "record", "tag"),
    create=services.tag_record,
    delete=services.untag_record,
    filters=("label", "record", "tag"),
    scope=RowScope(on_record=True),
    under=(Under(EVERY_RECORD, "tags", "record"),),
)
