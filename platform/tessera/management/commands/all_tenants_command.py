"""Refuse django-tenants' `all_tenants_command`."""

from tessera.management.refused import RefusedCommand


class Command(RefusedCommand):
    instead = "work in every tenant is a `tenant_task` with `every`, or `manage.py tenant upgrade`."
