"""Django's own `migrate`, on the public schema; tenants get their tables from the installer."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as Migrate
from django.db import connections


class Command(Migrate):
    help = "Bring the public schema up to date. Tenants are upgraded by `manage.py tenant upgrade`."

    def add_arguments(self, parser: Any) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="shared")

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate as the owner role: the application's own may not create anything in public."""
        alias = options["database"]
        if alias != "shared":
            raise CommandError("only `shared` is migrated; tenants are upgraded by `manage.py tenant upgrade`")
        connection = connections[alias]
        with connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {connection.ops.quote_name(settings.TESSERA_OWNER_ROLE)}")
        before = settings.MIGRATION_MODULES
        try:
            # Tenant apps have nothing in public, and working out the state of their models is most of the time it takes.
            settings.MIGRATION_MODULES = before | {
                label: None for label in apps.app_configs if label not in settings.PUBLIC_LABELS
            }
            super().handle(*args, **options)
        finally:
            settings.MIGRATION_MODULES = before
            connection.close()  # and the role with it
            if connection.pool:
                connection.close_pool()
