"""Refuse django-tenants' `delete_domain`."""

from tessera.management.refused import RefusedCommand


class Command(RefusedCommand):
    instead = "a tenant's host name lasts as long as the tenant."
