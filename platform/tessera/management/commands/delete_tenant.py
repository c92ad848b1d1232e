"""Refuse django-tenants' `delete_tenant`."""

from tessera.management.refused import RefusedCommand


class Command(RefusedCommand):
    instead = "`manage.py tenant suspend` closes a tenant; its data is kept."
