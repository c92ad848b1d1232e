"""Refuse django-tenants' `create_tenant_superuser`."""

from tessera.management.refused import RefusedCommand


class Command(RefusedCommand):
    instead = "people become members by invitation; `manage.py tenant create` and the sign-up make the owner."
