"""The global identity, where it belongs, and the sessions it has on tenants' hosts."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from tessera.fields import KeyField


class AccountManager(BaseUserManager):
    """Make accounts with a normalised address."""

    def create_user(self, email: str, password: str | None = None, **values):
        account = self.model(email=self.normalize_email(email).lower(), **values)
        account.set_password(password)
        account.save(using=self._db)
        return account

    def get_by_natural_key(self, email: str | None):
        return self.get(email__iexact=email)


class Account(AbstractBaseUser):
    """A person's login; what it may do is said by its memberships, per tenant.

    `epoch` counts its passwords: codes for tenants' hosts and sessions there carry it and are dead in any other.
    """

    id = KeyField()
    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    language = models.CharField(_("language"), max_length=10, default="en")
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(default=False, editable=False)  # of the platform's own people, see `accounts.operators`
    operator_rights = models.JSONField(default=list, editable=False)
    epoch = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)

    objects = AccountManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_staff=True) | models.Q(operator_rights=[]), name="account_rights_are_operators"
            )
        ]

    def __str__(self) -> str:
        return self.email

    def set_password(self, raw_password: str | None) -> None:
        """Set the password, and with it end every session that the one before had opened."""
        super().set_password(raw_password)
        self.epoch += 1

    def check_password(self, raw_password: str) -> bool:
        """Say whether this is the password; one that is only hashed better from now on ends no session."""
        epoch = self.epoch
        right = super().check_password(raw_password)
        self.epoch = epoch
        return right


class Membership(models.Model):
    """An index for switching: an account has a member in a tenant. The tenant's own rows are the truth."""

    id = KeyField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    tenant_id = models.UUIDField()
    is_owner = models.BooleanField(default=False)
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "tenant_id"], name="membership_once"),
            models.UniqueConstraint(fields=["tenant_id"], condition=models.Q(is_owner=True), name="membership_one_owner"),
        ]


class LoginCode(models.Model):
    """A code that carries a login from the accounts host to one tenant's host, once, within a minute.

    `state` is the hash of what only the asking browser knows ("" for programs), `login` that of
    the session on the accounts host, so that signing out there ends what it led to.
    """

    hash = models.CharField(max_length=64, primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    account_epoch = models.PositiveIntegerField()
    tenant_id = models.UUIDField()
    state = models.CharField(max_length=64, blank=True)
    login = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField(db_index=True)


class TenantSession(models.Model):
    """A session on one tenant's host, of one member; the key is stored as its SHA-256 only."""

    hash = models.CharField(max_length=64, primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="tenant_sessions")
    account_epoch = models.PositiveIntegerField()
    tenant_id = models.UUIDField()
    member_id = models.UUIDField()
    member_epoch = models.PositiveIntegerField()
    login = models.CharField(max_length=64, blank=True, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)
