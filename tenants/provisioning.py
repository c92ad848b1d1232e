"""Make tenants, and decide whether they may work."""

import re
from collections.abc import Iterable

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from tessera.context import Actor
from tessera.errors import Refused

from tenants.epoch import forget_tenants
from tenants.hosts import base_host
from tenants.installations import enable_modules
from tenants.installations.mirror import closed
from tenants.models import Domain, Tenant
from tenants.pool import claim

SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
RESERVED = frozenset(
    """
    about abuse account accounts admin administrator api app apps assets auth autoconfig autodiscover beta billing blog
    cdn checkout cloud console contact dashboard demo dev developer developers dns docs download email example files
    forum ftp git graphql help host hostmaster id imap info intern internal jobs legal localhost log login logout mail
    marketing media metrics mta mx news noreply ns ns1 ns2 oauth office partner partners pay payment payments ping pop
    pop3 portal postmaster press pricing prod production public register root sales security service shop signin signup
    sitemap smtp sso staff staging static stats status store stripe support sys system t team tenant tenants terms
    tessera test tls tos upload uploads web webhook webhooks webmail webmaster wpad www www1 www2
    """.split()  # noqa: SIM905 (words to be read and sorted by people)
)


def check_slug(slug: str) -> str:
    """Return the subdomain in lower case; refuse one that is malformed, reserved or taken."""
    name = slug.strip().lower()
    if not 3 <= len(name) <= 40 or not SLUG.fullmatch(name):
        message = _("Use 3 to 40 letters a to z, digits and single hyphens, starting with a letter.")
        raise Refused("INVALID", message, "slug")
    if name in RESERVED:
        raise Refused("RESERVED", _("This address is reserved."), "slug")
    if Tenant.objects.filter(slug=name).exists() or Domain.objects.filter(domain=f"{name}.{base_host()}").exists():
        raise _taken()
    return name


def _taken() -> Refused:
    return Refused("UNIQUE", _("This address is taken."), "slug")


def register_tenant(
    *, company: str, slug: str, modules: Iterable[str] = (), language: str = "en", time_zone: str = "UTC"
) -> Tenant:
    """Make a tenant in state PREPARING with its domain and its schema's name; one public transaction."""
    name = check_slug(slug)
    try:
        with transaction.atomic(using="shared"):
            tenant = Tenant(name=company, slug=name, language=language, time_zone=time_zone)
            tenant.schema_name = claim(closed(modules))
            tenant.save(verbosity=0)
            Domain.objects.create(tenant=tenant, domain=f"{name}.{base_host()}", is_primary=True)
            forget_tenants()
    except IntegrityError as error:
        raise _taken() from error
    return tenant


def create_tenant(
    *,
    company: str,
    slug: str,
    modules: Iterable[str] = (),
    language: str = "en",
    time_zone: str = "UTC",
    actor: Actor | None = None,
) -> Tenant:
    """Make a tenant that may work at once, without a sign-up; for the command line and tests."""
    asked = list(modules)
    tenant = register_tenant(company=company, slug=slug, modules=asked, language=language, time_zone=time_zone)
    enable_modules(tenant=tenant, modules=asked, actor=actor)
    set_state(tenant=tenant, state=Tenant.State.ACTIVE)
    return tenant


MOVES = {
    (Tenant.State.PREPARING, Tenant.State.ACTIVE),
    (Tenant.State.ACTIVE, Tenant.State.SUSPENDED),
    (Tenant.State.FENCED, Tenant.State.SUSPENDED),
    (Tenant.State.SUSPENDED, Tenant.State.ACTIVE),
}


def set_tier(*, tenant: Tenant, tier: str) -> None:
    """Give a tenant the budget of a tier of TESSERA_BUDGET_TIERS; every process knows after the commit."""
    if tier not in settings.TESSERA_BUDGET_TIERS:
        raise Refused("INVALID", _("There is no tier {name}.").format(name=tier), "tier")
    with transaction.atomic(using="shared"):
        Tenant.objects.filter(pk=tenant.pk).update(tier=tier)
        tenant.tier = tier
        forget_tenants()


def set_access(*, tenant: Tenant, access: str) -> None:
    """Let a tenant's people and apps write, or only read; every process knows after the commit."""
    with transaction.atomic(using="shared"):
        Tenant.objects.filter(pk=tenant.pk).update(access=access)
        tenant.access = access
        forget_tenants()


def set_state(*, tenant: Tenant, state: str) -> None:
    """Open, suspend or resume a tenant; every process knows after the commit. Refuses other moves."""
    with transaction.atomic(using="shared"):
        now = Tenant.objects.select_for_update().get(pk=tenant.pk)
        if now.state != state and (now.state, state) not in MOVES:
            raise Refused("STATE", _("The tenant is %(state)s.") % {"state": now.get_state_display()})
        Tenant.objects.filter(pk=tenant.pk).update(state=state)
        tenant.state = state
        forget_tenants()
