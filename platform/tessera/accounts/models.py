"""The global identity: an e-mail address and its credentials."""

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

    def get_by_natural_key(self, email: str):
        return self.get(email__iexact=email)


class Account(AbstractBaseUser):
    """A person's login; what it may do is said by its memberships, per tenant."""

    id = KeyField()
    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    language = models.CharField(_("language"), max_length=10, default="en")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AccountManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")

    def __str__(self) -> str:
        return self.email
