"""Credentials that programs present: shown once, stored as a hash."""

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
    """

    class Kind(models.TextChoices):
        PERSONAL = "personal", _("personal token")
        API_KEY = "api_key", _("API key")

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

    class Meta(Record.Meta):
        verbose_name = _("access token")
        verbose_name_plural = _("access tokens")
        constraints = [models.UniqueConstraint(fields=["hash"], name="access_token_once")]
        indexes = [
            models.Index(fields=["created_at", "id"], name="access_token_by_creation"),
            models.Index(fields=["expires_at", "id"], name="access_token_by_expiry"),
            models.Index(OrGreatest("last_used_at"), "id", name="access_token_by_use"),
            search_index("name", name="access_token_search"),
        ]

    def __str__(self) -> str:
        return self.name
