"""Credentials that programs and apps present: shown once, stored as a hash."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tessera.models import Record
from tessera.ordering import OrGreatest
from tessera.search.expressions import search_index

EVERY_RIGHT = "*"


class AccessToken(Record):
    """A bearer token of this tenant that acts for `member`, never beyond `scopes`.

    `scopes` are permission codes; `["*"]` stands for all that the member may. `hash` is the
    SHA-256 of the secret in hexadecimal, `prefix` its first characters, to recognise it by.

    That of an app is a device on which the member is signed in: `name` and `platform` say which, `place` is the address
    it was last used from, `scopes` are those of `tessera.access.scopes`. It lives until `renewable_until`; the
    secret that is good until `expires_at` is replaced, in this row, by whoever shows the latest refresh token.
    """

    class Kind(models.TextChoices):
        PERSONAL = "personal", _("personal token")
        API_KEY = "api_key", _("API key")
        APP = "app", _("app on a device")

    class PushService(models.TextChoices):
        APNS = "apns", _("Apple")
        FCM = "fcm", _("Firebase")
        WEB = "web", _("Web Push")

    member = models.ForeignKey("access.Member", on_delete=models.CASCADE, related_name="tokens", verbose_name=_("member"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("begins with"), max_length=16, editable=False)
    hash = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(_("rights"), default=list)
    epoch = models.PositiveIntegerField(editable=False)
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    place = models.CharField(_("last used from"), max_length=45, blank=True, editable=False)
    app = models.CharField(_("client id of the app"), max_length=100, blank=True, editable=False)
    app_name = models.CharField(_("app"), max_length=100, blank=True, editable=False)
    platform = models.CharField(_("platform"), max_length=60, blank=True, editable=False)
    account_epoch = models.PositiveIntegerField(null=True, blank=True, editable=False)
    refresh_hash = models.CharField(max_length=64, blank=True, editable=False)
    # What the member let the app do, of which `scopes` may be a part.
    granted = models.JSONField(default=list, editable=False)
    # What was answered at `renewed_at` to the refresh token before, sealed with that token itself: the answer may have got lost.
    previous_hash = models.CharField(max_length=64, blank=True, editable=False)
    successor = models.TextField(blank=True, editable=False)
    renewed_at = models.DateTimeField(null=True, blank=True, editable=False)
    renewable_until = models.DateTimeField(_("signed in until"), null=True, blank=True, editable=False)
    push_service = models.CharField(_("push service"), max_length=4, choices=PushService.choices, blank=True, editable=False)
    push_token = models.CharField(max_length=4096, blank=True, editable=False)

    class Meta(Record.Meta):
        verbose_name = _("access token")
        verbose_name_plural = _("access tokens")
        constraints = [
            models.UniqueConstraint(fields=["hash"], name="access_token_once"),
            models.CheckConstraint(
                condition=models.Q(kind="app", account_epoch__isnull=False, renewable_until__isnull=False) & ~models.Q(app="")
                | ~models.Q(kind="app") & models.Q(app="", renewable_until__isnull=True),
                name="access_token_of_app",
            ),
            models.CheckConstraint(
                condition=models.Q(push_token="", push_service="")
                | models.Q(kind="app", revoked_at__isnull=True) & ~models.Q(push_token="") & ~models.Q(push_service=""),
                name="access_token_push_of_device",
            ),
        ]
        indexes = [
            models.Index(fields=["created_at", "id"], name="access_token_by_creation"),
            models.Index(fields=["expires_at", "id"], name="access_token_by_expiry"),
            models.Index(OrGreatest("last_used_at"), "id", name="access_token_by_use"),
            search_index("name", name="access_token_search"),
        ]

    def __str__(self) -> str:
        return self.name
