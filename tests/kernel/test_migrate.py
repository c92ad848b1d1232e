"""The public schema has the tables of public apps and knows of no others' migrations."""

import warnings

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections, router
from django.db.migrations.loader import MigrationLoader
from tessera.context import system
from tessera.testing.plugin import entered


def test_only_public_apps_are_migrated_in_public(tenant):
    with connections["shared"].cursor() as cursor:
        cursor.execute("SELECT DISTINCT app FROM public.django_migrations")
        found = {app for (app,) in cursor.fetchall()}
    assert found == MigrationLoader(None).migrated_apps & settings.PUBLIC_LABELS


def test_changed_models_are_looked_for_without_asking_a_tenant(_database):
    """Without a tenant there is no history to be consistent with, and no complaint that it cannot be read."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize(("app", "there"), [("accounts", [True, False, False]), ("base", [False, False, True])])
def test_the_tables_of_an_app_are_made_in_public_or_in_the_tenant_that_is_entered(tenant, app, there):
    outside = [router.allow_migrate(alias, app) for alias in ("shared", "default")]
    with entered(tenant, actor=system("test")):
        assert [*outside, router.allow_migrate("default", app)] == there
