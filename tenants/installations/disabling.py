"""Switch a module off in a tenant: it vanishes from the product, its rows stay byte for byte."""

from django.utils.translation import gettext as _
from tessera.context import Actor, current, enter
from tessera.db.installer import mark
from tessera.errors import Refused
from tessera.installation.models import InstalledModule
from tessera.module import closure, modules

from tenants.installations.mirror import State, closed, deed, move, on_in, wishes
from tenants.models import Installation, Tenant


def disable_module(*, tenant: Tenant, module: str, actor: Actor | None = None) -> frozenset[str]:
    """Switch off a module and the parts that only it had brought along; return what went off.

    Raises Refused NOT_FOUND for a name that is no module, IN_USE while another module that was
    asked for needs it, STATE when it is not on.
    """
    closed([module])
    with wishes(tenant) as rows:
        kept = _kept_without(rows, module)
        dropped = _there(rows) - kept
        for label in sorted(dropped):
            rows[label].requested = rows[label].requested and label != module
            move(rows[label], State.DISABLING)
    switch_off(tenant, dropped, actor=actor)
    return dropped


def _there(rows: dict[str, Installation]) -> frozenset[str]:
    """Return what is on, was being switched off, or failed."""
    return on_in(rows, lambda row: row.state in (State.DISABLING, State.FAILED)) & modules().keys()


def _kept_without(rows: dict[str, Installation], module: str) -> frozenset[str]:
    """Return what stays on without `module`; refuse when that is `module` itself."""
    there = _there(rows)
    if module not in there:
        raise Refused("STATE", _("The module %(name)s is not on.") % {"name": module}, "module")
    asked = {label for label in there if rows[label].requested and label != module}
    kept = closure(asked)
    if module in kept:
        users = sorted(label for label in kept & there if module in modules()[label].depends)
        named = ", ".join(str(modules()[label].title) for label in users) or _("the platform")
        message = _("The module %(name)s is needed by: %(users)s.") % {"name": modules()[module].title, "users": named}
        raise Refused("IN_USE", message, "module")
    return kept


def switch_off(tenant: Tenant, dropped: frozenset[str], *, actor: Actor | None = None) -> None:
    """Do the deed: hooks, those that depend on others first, and the tenant's rows; then mirror it."""
    with deed(tenant, dropped, "disable", actor):
        context = current()
        rows = {row.label: row for row in InstalledModule.objects.filter(label__in=dropped)}
        on = frozenset(InstalledModule.objects.filter(state=InstalledModule.State.ON).values_list("label", flat=True))
        with enter(context.tenant, actor=context.actor, modules=on, request_id=context.request_id):
            for label in reversed(modules()):
                if label in rows and rows[label].state == InstalledModule.State.ON:
                    modules()[label].on_disable(context.tenant)
                    mark(label, InstalledModule.State.OFF)
