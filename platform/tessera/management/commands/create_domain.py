"""Refuse django-tenants' `create_domain`."""

from tessera.management.refused import RefusedCommand


class Command(RefusedCommand):
    instead = "a tenant's host name is made with it by `manage.py tenant create`."
