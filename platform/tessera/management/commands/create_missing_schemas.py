"""Refuse django-tenants' `create_missing_schemas`."""

from tessera.management.refused import RefusedCommand


class Command(RefusedCommand):
    instead = "`manage.py tenant reconcile` finishes a tenant that was cut short."
