"""Refuse django-tenants' `create_tenant`."""

from tessera.management.refused import RefusedCommand


class Command(RefusedCommand):
    instead = "`manage.py tenant create` makes a tenant."
