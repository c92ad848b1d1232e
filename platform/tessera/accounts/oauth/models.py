"""Apps that people let in."""

from uuid import UUID

from allauth.idp.oidc.models import Client
from django.db import models


class AppQuerySet(models.QuerySet["App"]):
    """Apps, by where they may be used."""

    def of_tenant(self, tenant_id: UUID) -> "AppQuerySet":
        """Return the apps that members of a tenant may let in."""
        return self.filter(models.Q(tenant_id=None) | models.Q(tenant_id=tenant_id))


class App(models.Model):
    """What is true of a registered app beside its OAuth client: the one tenant it is for, None for all of them.

    `is_ours` is an app of the platform's own: it is let in without asking, and sends only the documents it was built with.
    """

    client = models.OneToOneField(Client, on_delete=models.CASCADE, primary_key=True, related_name="app")
    tenant_id = models.UUIDField(null=True, db_index=True)
    is_ours = models.BooleanField(default=False)
    objects = AppQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_ours=False) | models.Q(tenant_id__isnull=True), name="app_of_ours_is_for_all"
            )
        ]
