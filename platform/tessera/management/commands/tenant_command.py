"""Refuse django-tenants' `tenant_command`."""

from tessera.management.refused import RefusedCommand


class Command(RefusedCommand):
    instead = "a command of one tenant takes its subdomain, as `manage.py module --tenant` does."
