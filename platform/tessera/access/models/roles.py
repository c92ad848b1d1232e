"""Roles, the rights in them, and who has them where."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tessera.fields import ModuleKey, new_id
from tessera.models import Model, Record
from tessera.search.expressions import search_index

ADMIN = "admin"
MEMBER = "member"


class Role(Record):
    """A named set of rights, proposed by `module` ("" for the platform's own) or made by the tenant.

    The platform's `admin` holds every right there is, computed and never stored; its `member` is
    held by every active member. `is_custom` says that the tenant made or changed it, so that an
    upgrade leaves it alone.
    """

    name = models.CharField(_("name"), max_length=60)
    title = models.CharField(_("title"), max_length=200)
    module = models.CharField(_("module"), max_length=60, blank=True)
    is_custom = models.BooleanField(_("made or changed here"), default=False)

    class Meta(Record.Meta):
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        constraints = [models.UniqueConstraint(fields=["name", "module"], name="role_once")]
        indexes = [
            models.Index(fields=["title", "id"], name="role_by_title"),
            models.Index(fields=["name", "id"], name="role_by_name"),
            search_index("title", "name", name="role_search"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_admin(self) -> bool:
        """Say whether this is the platform's role with every right."""
        return self.name == ADMIN and not self.module

    @property
    def is_everyones(self) -> bool:
        """Say whether this is the platform's role that every active member holds."""
        return self.name == MEMBER and not self.module


class RolePermission(Model):
    """One right in a role, and how far it goes over rows; each reach contains the one before it."""

    class Reach(models.TextChoices):
        OWN = "own", _("one's own")
        UNIT = "unit", _("one's units and below")
        COMPANY = "company", _("one's companies")
        ALL = "all", _("all")

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="permissions", verbose_name=_("role"))
    permission = models.CharField(_("right"), max_length=120)
    reach = models.CharField(_("reach"), max_length=7, choices=Reach.choices, default=Reach.ALL)

    class Meta(Model.Meta):
        verbose_name = _("right in a role")
        verbose_name_plural = _("rights in roles")
        constraints = [
            models.UniqueConstraint(fields=["role", "permission"], name="role_permission_once"),
            models.CheckConstraint(condition=models.Q(reach__in=["own", "unit", "company", "all"]), name="role_permission_reach"),
        ]
        indexes = [models.Index(fields=["permission", "id"], name="role_permission_by_permission")]

    def __str__(self) -> str:
        return self.permission


class RoleAssignment(Record):
    """A member has a role, everywhere, or only in one unit and below, or only in one company.

    Both limits are rows of a module, so they carry no constraint here.
    """

    member = models.ForeignKey("access.Member", on_delete=models.CASCADE, related_name="assignments", verbose_name=_("member"))
    role = models.ForeignKey(Role, on_delete=models.PROTECT, db_index=False, related_name="assignments", verbose_name=_("role"))
    unit = ModuleKey("base.OrgUnit", verbose_name=pgettext_lazy("organisation", "unit"), null=True, blank=True)
    company = ModuleKey("base.Company", verbose_name=_("company"), null=True, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("role of a member")
        verbose_name_plural = _("roles of members")
        constraints = [
            models.UniqueConstraint(
                fields=["member", "role", "unit", "company"], nulls_distinct=False, name="role_assignment_once"
            ),
            models.CheckConstraint(
                condition=models.Q(unit__isnull=True) | models.Q(company__isnull=True), name="role_assignment_one_limit"
            ),
        ]
        indexes = [models.Index(fields=["role", "id"], name="role_assignment_by_role")]


class AccessState(Model):
    """The one row whose `epoch` is new after every change to anybody's rights; what was computed before is stale.

    It is no counter: a count that is rolled back comes again, and would bring back what was kept under it.
    """

    audited = False

    epoch = models.UUIDField(default=new_id)
    only = models.BooleanField(default=True, editable=False)

    class Meta(Model.Meta):
        constraints = [
            models.UniqueConstraint(fields=["only"], name="access_state_once"),
            models.CheckConstraint(condition=models.Q(only=True), name="access_state_only"),
        ]
