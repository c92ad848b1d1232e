"""Refuse django-tenants' `clone_tenant`."""

from tessera.management.refused import RefusedCommand


class Command(RefusedCommand):
    instead = "a tenant's rows are its own; `manage.py tenant create` makes a new tenant."
