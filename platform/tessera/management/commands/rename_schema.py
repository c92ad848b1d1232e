"""Refuse django-tenants' `rename_schema`."""

from tessera.management.refused import RefusedCommand


class Command(RefusedCommand):
    instead = "the name of a schema is opaque and never changes."
