"""Who belongs to a tenant, and who was asked to."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tessera.models import Record
from tessera.search.expressions import search_index


class Member(Record):
    """A person in this tenant; `account_id` is the public account, unknown until an invitation is accepted.

    `epoch` counts how often everything that acts for the member was cut off: sessions and tokens
    carry the epoch they were made in and are dead in any other.
    """

    class State(models.TextChoices):
        INVITED = "invited", _("invited")
        ACTIVE = "active", _("active")
        DEACTIVATED = "deactivated", _("deactivated")

    account_id = models.UUIDField(_("account"), null=True, editable=False)
    name = models.CharField(_("name"), max_length=200)
    email = models.EmailField(_("e-mail"))
    language = models.CharField(_("language"), max_length=10, default="en")
    state = models.CharField(_("state"), max_length=11, choices=State.choices, default=State.INVITED)
    epoch = models.PositiveIntegerField(default=1, editable=False)
    is_owner = models.BooleanField(_("owner of the tenant"), default=False)

    class Meta(Record.Meta):
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [
            models.UniqueConstraint(fields=["account_id"], name="member_account_once"),
            models.UniqueConstraint(fields=["email"], name="member_email_once"),
            models.UniqueConstraint(fields=["is_owner"], condition=models.Q(is_owner=True), name="member_one_owner"),
            models.CheckConstraint(
                condition=~models.Q(state="active") | models.Q(account_id__isnull=False), name="member_active_has_account"
            ),
            models.CheckConstraint(condition=models.Q(is_owner=False) | models.Q(state="active"), name="member_owner_is_active"),
        ]
        indexes = [
            models.Index(fields=["name", "id"], name="member_by_name"),
            models.Index(fields=["created_at", "id"], name="member_by_creation"),
            search_index("name", "email", name="member_search"),
        ]

    def __str__(self) -> str:
        return self.name


class Invitation(Record):
    """A letter that asks somebody to join; `serial` makes the link of an earlier letter worthless.

    The link is signed, not stored: see `tessera.access.services.invitations`.
    """

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="invitations", verbose_name=_("member"))
    email = models.EmailField(_("e-mail"))
    language = models.CharField(_("language"), max_length=10, default="en")
    serial = models.PositiveIntegerField(default=1, editable=False)
    invited_by = models.UUIDField(_("invited by"), null=True)
    expires_at = models.DateTimeField(_("expires"))
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.UniqueConstraint(
                fields=["member"],
                condition=models.Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
                name="invitation_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True) | models.Q(withdrawn_at__isnull=True), name="invitation_one_end"
            ),
        ]
        indexes = [
            models.Index(fields=["created_at", "id"], name="invitation_by_creation"),
            models.Index(fields=["expires_at", "id"], name="invitation_by_expiry"),
            search_index("email", name="invitation_search"),
        ]

    def __str__(self) -> str:
        return self.email
