"""Tell those who pay that a limit is near."""

from tessera.events import Event, on

from billing.gateway.client import is_billing_on
from billing.lifecycle.letters import write_letter
from billing.models import Letter
from tenants.directory import tenant_here


@on("usage.limit_neared")
def tell_of_limit(event: Event) -> None:
    """Write to those who answer for the bills, once for each limit, per cent and month; it is sent within a minute."""
    if not is_billing_on():
        return
    told = {name: event.data[name] for name in ("meter", "percent", "used", "included", "is_soft")}
    tenant = tenant_here()
    about = f"{told['meter']} {event.data['period']} {told['percent']}"
    write_letter(tenant=tenant, kind=Letter.Kind.LIMIT, about=about, **told)
