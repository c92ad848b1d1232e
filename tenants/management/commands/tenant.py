"""Make, list, open and close tenants, and bring them up to date."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tessera.context import system
from tessera.errors import Refused

from tenants.deleting import delete_tenant
from tenants.exports import path_of, write_tenant_export
from tenants.hosts import tenant_url
from tenants.installations import reconcile_tenant
from tenants.models import Tenant, TenantExport
from tenants.provisioning import create_tenant, set_state
from tenants.upgrades import Upgraded, stale_tenants, upgrade_all


class Command(BaseCommand):
    help = "Create, list, suspend, resume, reconcile, export, delete or upgrade tenants."

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("list", help="show all tenants")
        create = acts.add_parser("create", help="make a tenant without a sign-up")
        create.add_argument("slug", help="its subdomain")
        create.add_argument("--company", required=True, help="the company's name")
        create.add_argument("--modules", nargs="*", default=[], help="modules to switch on, with all they depend on")
        create.add_argument("--language", default="en", help="the language of its roles and letters (default: en)")
        create.add_argument("--time-zone", default="UTC", help="where its days begin, such as Asia/Shanghai (default: UTC)")
        for act, about in {
            "suspend": "answer every request with TENANT_SUSPENDED",
            "resume": "let a suspended tenant work again",
            "reconcile": "finish what was cut short and correct the mirror",
            "export": "write all tables and files of a tenant to one file",
        }.items():
            acts.add_parser(act, help=about).add_argument("slug", help="the tenant's subdomain")
        delete = acts.add_parser(
            "delete",
            help="delete a suspended tenant for good, after its export",
            description="Delete a suspended tenant with its schema and its files. Its newest export must be whole; only the export and "
            "the name stay. A killed run is ended by the next one.",
        )
        delete.add_argument("slug", help="the tenant's subdomain")
        delete.add_argument("--confirm", required=True, help="the subdomain, typed once more")
        upgrade = acts.add_parser(
            "upgrade",
            help="bring all tenants to this version",
            description="Bring all tenants to the tables and modules of this version, after `manage.py migrate`. A killed run is "
            "resumed by the next one; a tenant that fails is fenced alone, answers 503 and is retried by the next run.",
        )
        upgrade.add_argument("--canary", default="", help="the tenant to try first; its failure stops the rest")
        upgrade.add_argument("--limit", type=int, help="at most so many tenants in this run")
        upgrade.add_argument("--pending", action="store_true", help="only list the tenants that wait for it")

    def handle(self, *args: Any, act: str, **options: Any) -> None:
        try:
            getattr(self, f"_{act}")(**options)
        except Refused as refused:
            raise CommandError(str(refused)) from refused

    def _find(self, slug: str) -> Tenant:
        tenant = Tenant.objects.filter(slug=slug).first()
        if tenant is None:
            raise CommandError(f"there is no tenant {slug}")
        return tenant

    def _list(self, **options: Any) -> None:
        for tenant in Tenant.objects.order_by("slug"):
            self.stdout.write(f"{tenant.slug:30} {tenant.state:10} {tenant.schema_name:36} {tenant.name}")

    def _create(self, slug: str, company: str, modules: list[str], language: str, time_zone: str, **options: Any) -> None:
        tenant = create_tenant(
            company=company,
            slug=slug,
            modules=modules,
            language=language,
            time_zone=time_zone,
            actor=system("manage.py tenant create"),
        )
        self.stdout.write(f"{tenant_url(tenant.slug)} is ready")

    def _suspend(self, slug: str, **options: Any) -> None:
        set_state(tenant=self._find(slug), state=Tenant.State.SUSPENDED)

    def _resume(self, slug: str, **options: Any) -> None:
        set_state(tenant=self._find(slug), state=Tenant.State.ACTIVE)

    def _reconcile(self, slug: str, **options: Any) -> None:
        for label, state in reconcile_tenant(tenant=self._find(slug)).items():
            self.stdout.write(f"{label:20} {state}")

    def _export(self, slug: str, **options: Any) -> None:
        export = write_tenant_export(tenant=self._find(slug))
        if export.state != TenantExport.State.READY:
            raise CommandError(f"the export failed: {export.why}")
        self.stdout.write(f"{path_of(export)}: {export.rows} rows, {export.files} files, SHA-256 {export.sha256}")

    def _delete(self, slug: str, confirm: str, **options: Any) -> None:
        if confirm != slug:
            raise CommandError("type the subdomain once more to confirm")
        tenant = self._find(slug)
        export = tenant.exports.order_by("-begun_at").first()
        if export is None:
            raise CommandError(f"there is no export: manage.py tenant export {slug}")
        delete_tenant(tenant=tenant, export=export)
        self.stdout.write(f"{slug} is deleted; its export is {path_of(export)}")

    def _upgrade(self, canary: str, limit: int | None, pending: bool, **options: Any) -> None:
        if pending:
            waiting = list(stale_tenants()[:limit])
            for tenant in waiting:
                self.stdout.write(f"{tenant.slug:30} {tenant.state}")
            self.stdout.write(f"{len(waiting)} tenants wait for an upgrade")
            return

        def tell(done: Upgraded) -> None:
            how = f"fenced, {str(done.error).partition(chr(10))[0]}" if done.error else "upgraded"
            self.stdout.write(f"{done.place}/{done.of} {done.tenant.slug}: {how}")
            self.stdout.flush()

        well, failed = upgrade_all(canary=canary, limit=limit, tell=tell)
        self.stdout.write(f"{well} upgraded, {failed} failed")
        if failed:
            raise CommandError("some tenants could not be upgraded; they are fenced until a retry ends well")
