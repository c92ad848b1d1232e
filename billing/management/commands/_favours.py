"""`billing favour`: what a company is given beside what it pays for."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tessera.accounts.operators.services import COMMAND_LINE
from tessera.errors import Refused

from billing.services.favours import extend_trial, grant_module
from tenants.models import Tenant


def add_favour(acts: Any) -> None:
    """Add `billing favour module|trial`."""
    kinds = acts.add_parser("favour", help="give a company a module, or a longer trial").add_subparsers(required=True)
    module = kinds.add_parser("module", help="let it use a module")
    module.add_argument("slug", help="the company's subdomain")
    module.add_argument("module", help="its label, such as stock")
    module.add_argument("--until", type=day, help="and with this day of UTC, 2030-12-31; without one for good")
    module.set_defaults(run=run_module)
    trial = kinds.add_parser("trial", help="let its trial last longer")
    trial.add_argument("slug", help="the company's subdomain")
    trial.add_argument("--until", type=day, required=True, help="and with this day of UTC, 2030-12-31")
    trial.set_defaults(run=run_trial)
    for each in (module, trial):
        each.add_argument("--reason", required=True, help="why, for the record of what operators did")


def day(text: str) -> datetime:
    """Return the end of a day of UTC."""
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)


def run_module(command: BaseCommand, *, slug: str, module: str, until: datetime | None, reason: str, **options: Any) -> None:
    """Give a module."""
    tenant = _find(slug)
    try:
        grant_module(tenant=tenant, module=module, until=until, reason=reason, by=COMMAND_LINE)
    except Refused as refused:
        raise CommandError(str(refused)) from refused
    command.stdout.write(f"{tenant} may use {module}")


def run_trial(command: BaseCommand, *, slug: str, until: datetime, reason: str, **options: Any) -> None:
    """Make a trial longer."""
    tenant = _find(slug)
    try:
        extend_trial(tenant=tenant, until=until, reason=reason, by=COMMAND_LINE)
    except Refused as refused:
        raise CommandError(str(refused)) from refused
    command.stdout.write(f"the trial of {tenant} lasts until {until:%Y-%m-%d %H:%M} UTC")


def _find(slug: str) -> Tenant:
    tenant = Tenant.objects.filter(slug=slug).first()
    if tenant is None:
        raise CommandError(f"there is no company {slug}")
    return tenant
