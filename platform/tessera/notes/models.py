"""Notes hang on a record by its label and key; whoever may see the record sees them."""

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tessera.fields import MemberKey
from tessera.models import Model, Record
from tessera.search.expressions import search_index


class OnRecord(models.Model):
    """What hangs on a record: `label` is its model ("base.Party"), `record` its key."""

    label = models.CharField(_("kind of record"), max_length=60)
    record = models.UUIDField(_("record"))

    class Meta:
        abstract = True


class Comment(OnRecord, Record):
    """What a member says about a record; `mentions` are the members it is addressed to."""

    author = MemberKey(_("author"), null=True, editable=False)
    body = models.TextField(_("text"))
    mentions = models.JSONField(_("mentions"), default=list)
    reply_to = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="replies", verbose_name=_("answer to")
    )

    class Meta(Record.Meta):
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        indexes = [
            models.Index(fields=["created_at", "id"], name="comment_by_creation"),
            models.Index(fields=["record", "id"], name="comment_by_record"),
            search_index("body", name="comment_search"),
        ]


class Attachment(OnRecord, Record):
    """A file on a record; `name`, type, size and checksum are what they were when it was attached."""

    name = models.CharField(_("name"), max_length=255)
    media_type = models.CharField(pgettext_lazy("file", "type"), max_length=100)
    size = models.BigIntegerField(_("size"))
    sha256 = models.CharField(_("checksum"), max_length=64)
    file = models.ForeignKey("files.StoredFile", on_delete=models.DO_NOTHING, related_name="+", editable=False)
    uploaded_by = MemberKey(_("uploaded by"), null=True, editable=False)

    class Meta(Record.Meta):
        verbose_name = _("attachment")
        verbose_name_plural = pgettext_lazy("file", "attachments")
        constraints = [models.CheckConstraint(condition=models.Q(size__gte=0), name="attachment_size_not_negative")]
        indexes = [
            models.Index(fields=["name", "id"], name="attachment_by_name"),
            models.Index(fields=["created_at", "id"], name="attachment_by_creation"),
            models.Index(fields=["record", "id"], name="attachment_by_record"),
            search_index("name", name="attachment_search"),
        ]

    def __str__(self) -> str:
        return self.name


class Tag(Record):
    """A word that records are sorted by, the same for everybody in the tenant."""

    name = models.CharField(_("name"), max_length=60)
    colour = models.CharField(_("colour"), max_length=7, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        constraints = [
            models.UniqueConstraint(
                Lower("name"), name="tag_once", violation_error_message=_("There is a tag of this name already.")
            ),
            models.CheckConstraint(condition=models.Q(colour__regex=r"^(#[0-9a-f]{6})?$"), name="tag_colour_is_one"),
        ]
        indexes = [models.Index(fields=["name", "id"], name="tag_by_name"), search_index("name", name="tag_search")]

    def __str__(self) -> str:
        return self.name


class TaggedRecord(OnRecord, Model):
    """A tag on a record."""

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="tagged", verbose_name=_("tag"))

    class Meta(Model.Meta):
        verbose_name = _("tagged record")
        verbose_name_plural = _("tagged records")
        constraints = [models.UniqueConstraint(fields=["record", "tag"], name="tagged_once")]
        indexes = [
            models.Index(fields=["record", "id"], name="tagged_by_record"),
            models.Index(fields=["tag", "label"], name="tagged_by_tag"),
        ]
