"""Operators: the platform's own people; lives in the public schema."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class Operators(AppConfig):
    name = "tessera.accounts.operators"
    label = "operators"
    verbose_name = _("Operators")

    def ready(self) -> None:
        from tessera.accounts.operators import admin, jobs  # noqa: F401 (registers; listens to Celery)
