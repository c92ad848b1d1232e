"""Public tables live behind `shared`, a tenant's behind `default`; nothing else decides."""

from typing import Any

from django.conf import settings
from django_tenants.routers import TenantSyncRouter

from tessera.context import current_or_none


def is_public(label: str) -> bool:
    """Say whether an app's tables are in the public schema."""
    return label in settings.PUBLIC_LABELS


class Router(TenantSyncRouter):
    """Separate public apps from tenant apps, never modules from each other."""

    def _alias(self, model: Any) -> str:
        return "shared" if is_public(model._meta.app_label) else "default"

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return self._alias(model)

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return self._alias(model)

    def allow_relation(self, first: Any, second: Any, **hints: Any) -> bool:
        return self._alias(first) == self._alias(second)  # rows, perhaps lazy ones: not their types

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool:
        """Say whether an app's tables are made behind an alias; a tenant's are made where one is entered, and nowhere else."""
        if db == "shared":
            return is_public(app_label)
        return current_or_none() is not None and not is_public(app_label)
