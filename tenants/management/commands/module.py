"""Switch modules of a tenant from the command line."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tessera.context import enter, system
from tessera.errors import Refused
from tessera.module import modules

from tenants.installations import disable_module, enable_modules, purge_module
from tenants.installations.archiving import archive_module, path_of
from tenants.models import Installation, Tenant

BY = "manage.py module"


class Command(BaseCommand):
    help = "List the modules, or switch them on, off or away in one tenant."

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        listing = acts.add_parser("list", help="show the installed modules, and their state in a tenant")
        listing.add_argument("--tenant", default="", help="the tenant's subdomain")
        enable = acts.add_parser("enable", help="switch modules on, with all they depend on")
        enable.add_argument("modules", nargs="+", help="the modules' names")
        disable = acts.add_parser("disable", help="switch a module off; its data stays")
        disable.add_argument("module", help="the module's name")
        purge = acts.add_parser("purge", help="export a module's data, then drop it for good")
        purge.add_argument("module", help="the module's name; it has to be off")
        purge.add_argument("--confirm", required=True, help="the module's name once more")
        purge.add_argument("--archive", default="", help="the SHA-256 of its archive, while the law wants the data to be kept")
        archive = acts.add_parser("archive", help="write all data of a module to a file; nothing is deleted")
        archive.add_argument("module", help="the module's name; it has to be off")
        for parser_of_act in (enable, disable, purge, archive):
            parser_of_act.add_argument("--tenant", required=True, help="the tenant's subdomain")

    def handle(self, *args: Any, act: str, tenant: str, **options: Any) -> None:
        found = Tenant.objects.filter(slug=tenant).first()
        if tenant and found is None:
            raise CommandError(f"there is no tenant {tenant}")
        try:
            getattr(self, f"_{act}")(found, **options)
        except Refused as refused:
            raise CommandError(str(refused)) from refused

    def _list(self, tenant: Tenant | None, **options: Any) -> None:
        states = {row.module: row for row in Installation.objects.filter(tenant=tenant)} if tenant else {}
        for label, module in modules().items():
            row = states.get(label)
            state = row.state if row else ("absent" if tenant else "")
            kind = "bundle" if module.is_bundle else "module"
            self.stdout.write(f"{label:20} {module.version:8} {kind:7} {state:10} {row.why if row else ''}".rstrip())

    def _enable(self, tenant: Tenant, modules: list[str], **options: Any) -> None:
        on = enable_modules(tenant=tenant, modules=modules, actor=system(BY))
        self.stdout.write(f"{tenant.slug}: on are {', '.join(sorted(on))}")

    def _disable(self, tenant: Tenant, module: str, **options: Any) -> None:
        off = disable_module(tenant=tenant, module=module, actor=system(BY))
        self.stdout.write(f"{tenant.slug}: off went {', '.join(sorted(off))}")

    def _purge(self, tenant: Tenant, module: str, confirm: str, archive: str, **options: Any) -> None:
        export = purge_module(tenant=tenant, module=module, confirmation=confirm, archive=archive, actor=system(BY))
        self.stdout.write(f"{tenant.slug}: {module} is gone; its data is in {export}")

    def _archive(self, tenant: Tenant, module: str, **options: Any) -> None:
        made = archive_module(tenant=tenant, module=module, actor=system(BY))
        with enter(tenant.ref(), actor=system(BY), modules=frozenset()):
            self.stdout.write(f"{tenant.slug}: {module} is in {path_of(made)}, SHA-256 {made.sha256}")
