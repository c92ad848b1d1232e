"""Refuse django-tenants' `collectstatic_schemas`."""

from tessera.management.refused import RefusedCommand


class Command(RefusedCommand):
    instead = "static files are the same for all tenants: `manage.py collectstatic`."
