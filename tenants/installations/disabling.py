"""Switch a module off in a tenant: it vanishes from the product, its rows stay byte for byte."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from tessera.context import Actor, current, enter
from tessera.db.installer import mark
from tessera.errors import Refused
from tessera.installation.models import InstalledModule
from tessera.module import closure, modules
from tessera.wording import listed

from tenants.installations.mirror import State, closed, deed, move, on_in, refuse_in_unit, wishes
from tenants.models import Installation, Tenant


def disable_module(*, tenant: Tenant, module: str, actor: Actor | None = None) -> frozenset[str]:
    """Switch off a module and the parts that only it had brought along; return what went off.

    Raises Refused NOT_FOUND for a name that is no module, IN_USE while another module that was
    asked for needs it, STATE when it is not on.
    """
    refuse_in_unit()
    dropped = wish_off(tenant, module, actor)
    switch_off(tenant, dropped, actor=actor)
    return dropped


def wish_off(tenant: Tenant, module: str, actor: Actor | None) -> frozenset[str]:
    """Wish a module off with the parts that only it had brought along; return them all."""
    closed([module], "module")
    with wishes(tenant) as rows:
        dropped, users = going_off(rows, module)
        if users:
            named = listed(str(modules()[label].title) for label in users if label != module) or _("the platform")
            message = _("The module %(name)s is needed by: %(users)s.") % {"name": modules()[module].title, "users": named}
            raise Refused("IN_USE", message, "module")
        if not dropped:
            raise Refused("STATE", _("The module %(name)s is not on.") % {"name": module}, "module")
        for label in sorted(dropped):
            rows[label].requested = rows[label].requested and label != module
            move(rows[label], State.DISABLING, by=actor)
        return dropped


def going_off(rows: Mapping[str, Installation], module: str) -> tuple[frozenset[str], list[str]]:
    """Return what goes off with `module`, and instead, where it cannot go, the modules that need it.

    What is always on is needed by itself. Nothing goes off with a module that is not on.
    """
    there = on_in(rows, lambda row: row.state in (State.DISABLING, State.FAILED)) & modules().keys()
    staying = on_in(rows, lambda row: row.state in (State.ENABLING, State.DISABLING, State.FAILED)) & modules().keys()
    kept = closure(label for label in staying if rows[label].requested and label != module)
    if module in kept:
        users = sorted(label for label in kept & staying if module in modules()[label].depends)
        return frozenset(), users or [module]
    return (there - kept if module in there else frozenset()), []


def switch_off(tenant: Tenant, dropped: frozenset[str], *, actor: Actor | None = None) -> None:
    """Do the deed: hooks, those that depend on others first, and the tenant's rows; then mirror it."""
    with deed(tenant, dropped, "disable", actor):
        context = current()
        on = frozenset(InstalledModule.objects.filter(state=InstalledModule.State.ON).values_list("label", flat=True))
        going = [label for label in reversed(modules()) if label in dropped & on]
        with enter(context.tenant, actor=context.actor, modules=on, request_id=context.request_id):
            for label in going:
                modules()[label].on_disable(context.tenant)
            mark(dict.fromkeys(going, InstalledModule.State.OFF))
