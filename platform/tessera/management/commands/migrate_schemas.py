"""Refuse django-tenants' `migrate_schemas`."""

from tessera.management.refused import RefusedCommand


class Command(RefusedCommand):
    instead = "`manage.py migrate` is for the public schema, `manage.py tenant upgrade` for all tenants."
