"""Make, list, open and close tenants, and bring them up to date."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tessera.context import system
from tessera.errors import Refused

from tenants.hosts import tenant_url
from tenants.installations import reconcile_tenant
from tenants.models import Tenant
from tenants.provisioning import create_tenant, set_state
from tenants.upgrades import upgrade_all


class Command(BaseCommand):
    help = "Create, list, suspend, resume, reconcile or upgrade tenants."

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("list", help="show all tenants")
        create = acts.add_parser("create", help="make a tenant without a sign-up")
        create.add_argument("slug")
        create.add_argument("--company", required=True)
        create.add_argument("--modules", nargs="*", default=[])
        create.add_argument("--language", default="en")
        create.add_argument("--time-zone", default="UTC")
        for act, about in {
            "suspend": "answer every request with TENANT_SUSPENDED",
            "resume": "let a suspended tenant work again",
            "reconcile": "finish what was cut short and correct the mirror",
        }.items():
            acts.add_parser(act, help=about).add_argument("slug")
        upgrade = acts.add_parser("upgrade", help="bring all tenants to this version")
        upgrade.add_argument("--canary", default="", help="the tenant to try first; its failure stops the rest")
        upgrade.add_argument("--limit", type=int, help="at most so many tenants in this run")

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

    def _upgrade(self, canary: str, limit: int | None, **options: Any) -> None:
        def tell(tenant: Tenant, error: Exception | None) -> None:
            self.stdout.write(f"{tenant.slug}: {f'fenced, {error}' if error else 'upgraded'}")

        well, failed = upgrade_all(canary=canary, limit=limit, tell=tell)
        self.stdout.write(f"{well} upgraded, {failed} failed")
        if failed:
            raise CommandError("some tenants could not be upgraded; they are fenced until a retry ends well")
