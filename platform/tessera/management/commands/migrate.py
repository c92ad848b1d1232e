"""Django's own `migrate`, on the public schema; tenants get their tables from the installer."""

from typing import Any

from django.core.management.commands.migrate import Command as Migrate


class Command(Migrate):
    help = "Bring the public schema up to date. Tenants are upgraded by `manage.py tenant upgrade`."

    def add_arguments(self, parser: Any) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="shared")
