"""The catalogue of tenants, in the public schema."""

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_tenants.models import DomainMixin, TenantMixin
from tessera.context import TenantRef
from tessera.fields import KeyField, new_id


def new_schema_name() -> str:
    """Return a name for a tenant's schema: opaque, and never changed afterwards."""
    return f"t_{new_id().hex}"


class Tenant(TenantMixin):
    """A company that uses Tessera. `schema_name` is opaque and never changes."""

    class State(models.TextChoices):
        PREPARING = "preparing", _("preparing")
        ACTIVE = "active", pgettext_lazy("company", "active")
        SUSPENDED = "suspended", _("suspended")
        FENCED = "fenced", _("fenced: an upgrade failed")
        DELETED = "deleted", _("deleted")

    class Access(models.TextChoices):
        FULL = "full", _("full")
        READ_ONLY = "read_only", _("read only")

    auto_create_schema = False
    auto_drop_schema = False

    id = KeyField()
    name = models.CharField(_("company"), max_length=200)
    slug = models.CharField(_("subdomain"), max_length=63, unique=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PREPARING)
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC")
    language = models.CharField(_("language"), max_length=10, default="en")
    tier = models.CharField(_("tier"), max_length=40, blank=True)  # of its budget, from its plan; "" is the usual one
    access = models.CharField(_("access"), max_length=9, choices=Access.choices, default=Access.FULL)  # as long as it is active
    fingerprint = models.CharField(max_length=64, blank=True)  # of the kernel's own tables
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)
    deleted_at = models.DateTimeField(_("deleted at"), null=True)  # of one that is only remembered

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("companies")

    def __str__(self) -> str:
        return f"{self.name} ({self.slug})"

    def ref(self) -> TenantRef:
        """Return what the kernel knows of the tenant."""
        return TenantRef(
            self.id,
            self.schema_name,
            self.name,
            self.slug,
            self.time_zone,
            self.language,
            self.tier,
            is_read_only=self.access == self.Access.READ_ONLY,
        )


class TenantExport(models.Model):
    """All that a tenant held, written to a file: its tables, and the bytes of its files. Without one nothing is deleted.

    The file is `name` in the tenant's own folder of exports; `why` says what went wrong with one that failed.
    """

    class State(models.TextChoices):
        WRITING = "writing", _("writing")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")
        GONE = "gone", _("deleted")

    id = KeyField()
    tenant = models.ForeignKey(Tenant, verbose_name=_("company"), on_delete=models.CASCADE, related_name="exports")
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WRITING)
    name = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True)
    size = models.BigIntegerField(_("bytes"), default=0)
    rows = models.BigIntegerField(_("rows"), default=0)
    files = models.BigIntegerField(_("files"), default=0)
    why = models.CharField(_("reason"), max_length=1000, blank=True)
    begun_at = models.DateTimeField(_("begun at"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="ready") | (~models.Q(sha256="") & models.Q(finished_at__isnull=False)),
                name="export_ready_is_whole",
            ),
            models.CheckConstraint(condition=~models.Q(state="failed") | ~models.Q(why=""), name="export_failed_says_why"),
        ]

    def __str__(self) -> str:
        return self.name


class Domain(DomainMixin):
    """A host name that leads to a tenant: lower case, no port, no trailing dot."""

    def save(self, *args: Any, **options: Any) -> None:
        """Save on `shared`; the mixin's own would open a transaction on the tenant alias."""
        models.Model.save(self, *args, **options)


class Installation(models.Model):
    """The public mirror of a module in a tenant; the tenant's own row is the truth."""

    class State(models.TextChoices):
        OFF = "off", _("off")
        ENABLING = "enabling", _("enabling")
        ON = "on", _("on")
        DISABLING = "disabling", _("disabling")
        UPGRADING = "upgrading", _("upgrading")
        PURGING = "purging", _("purging")
        ABSENT = "absent", _("absent")
        FAILED = "failed", _("failed")

    id = KeyField()
    tenant = models.ForeignKey(Tenant, verbose_name=_("company"), on_delete=models.CASCADE, related_name="installations")
    module = models.CharField(_("module"), max_length=60)
    requested = models.BooleanField(_("asked for by name"), default=True)  # by name, not only because another module needs it
    version = models.CharField(_("version"), max_length=30, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ABSENT)
    since = models.DateTimeField(_("since"), default=timezone.now)
    why = models.CharField(_("reason"), max_length=1000, blank=True)
    asked_by = models.UUIDField(null=True)  # the member that wished it last
    asked_by_name = models.CharField(_("asked by"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("module of a company")
        verbose_name_plural = _("modules of companies")
        constraints = [models.UniqueConstraint(fields=["tenant", "module"], name="installation_once")]

    def __str__(self) -> str:
        return self.module


class ReadySchema(models.Model):
    """A schema of the pool: tables of a set of modules and no rows. The tenant that claims it takes the row's place."""

    class State(models.TextChoices):
        PREPARING = "preparing", _("preparing")
        READY = "ready", _("ready")

    id = KeyField()
    schema_name = models.CharField(max_length=63, unique=True, default=new_schema_name)
    modules = models.JSONField()
    fingerprint = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PREPARING)
    since = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [models.Index(fields=["fingerprint"], condition=models.Q(state="ready"), name="schema_ready")]


class SignUp(models.Model):
    """A company that wants to become a tenant; each state is one committed step further."""

    class State(models.TextChoices):
        ASKED = "asked", _("waiting for the e-mail to be confirmed")
        CONFIRMED = "confirmed", _("confirmed: account, tenant and schema are its own")
        DONE = "done", _("done")

    id = KeyField()
    company = models.CharField(_("company"), max_length=200)
    slug = models.CharField(_("subdomain"), max_length=63)
    email = models.EmailField(_("e-mail"))
    password = models.CharField(max_length=128)  # hashed; empty once the account has it
    modules = models.JSONField(_("modules"))
    wish = models.JSONField(null=True)  # what was chosen on the way here, see `tenants.wishes`
    language = models.CharField(_("language"), max_length=10, default="en")
    ip = models.GenericIPAddressField(null=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ASKED)
    tenant = models.OneToOneField(Tenant, verbose_name=_("company"), null=True, on_delete=models.SET_NULL, related_name="sign_up")
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)

    class Meta:
        verbose_name = _("sign-up")
        verbose_name_plural = _("sign-ups")

    def __str__(self) -> str:
        return self.company


class SchemaScript(models.Model):
    """What a migration does to a schema, recorded once for all processes (see `tessera.db.scripts`)."""

    digest = models.CharField(max_length=64, primary_key=True)
    steps = models.JSONField()
    recorded_at = models.DateTimeField(auto_now_add=True)
