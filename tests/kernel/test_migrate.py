"""The public schema has the tables of public apps and knows of no others' migrations."""

from django.conf import settings
from django.db import connections
from django.db.migrations.loader import MigrationLoader


def test_only_public_apps_are_migrated_in_public(tenant):
    with connections["shared"].cursor() as cursor:
        cursor.execute("SELECT DISTINCT app FROM public.django_migrations")
        found = {app for (app,) in cursor.fetchall()}
    assert found == MigrationLoader(None).migrated_apps & settings.PUBLIC_LABELS
