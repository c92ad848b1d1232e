"""Switch modules by the API: the wish is kept at once, a background job does the deed, everybody sees how far it is.

The wish is a public row, committed before the tenant's own transaction is; a copy of the request
finds it there and wishes nothing new. When the job is lost, the clock finds the wish.
"""

from dataclasses import dataclass

from tessera.context import current
from tessera.errors import ApiError, Code
from tessera.installation.permissions import MODULE_PURGE, MODULE_SWITCH
from tessera.module import modules as installed
from tessera.service import service
from tessera.tasks import enqueue

from tenants.directory import tenant_here
from tenants.entitlement import refuse_unentitled
from tenants.installations.archiving import confirm_archive
from tenants.installations.disabling import wish_off
from tenants.installations.enabling import wish_on
from tenants.installations.mirror import State, closed
from tenants.installations.purging import check_confirmation, wish_gone
from tenants.overview import TenantModule, installations, pictured
from tenants.tasks import finish_switching


@dataclass(frozen=True, kw_only=True)
class ModuleSwitch:
    """What was wished: the modules it is about as they are now, and those of them that only come or go along."""

    modules: list[TenantModule]
    along: list[str]


@service(permission=MODULE_SWITCH)
def switch_modules_on(*, modules: list[str]) -> ModuleSwitch:
    """Switch modules on, with all that they depend on; what is on already stays as it is.

    Their `state` is ENABLING until the tables are there, then ON, or FAILED. Refused: NOT_FOUND for a name that is no
    module, NOT_ENTITLED for one that the company has not bought, STATE for one that is just being switched off or purged.
    BAD_INPUT is raised where none is named.
    """
    if not modules:
        raise ApiError(Code.BAD_INPUT, "Name a module.", field=["input", "modules"])
    tenant = tenant_here()
    refuse_unentitled(tenant, closed(modules))
    new = wish_on(tenant, frozenset(modules), current().actor)
    if new:
        enqueue(finish_switching)
    return _switch(closed(modules), new - set(modules))


@service(permission=MODULE_SWITCH)
def switch_module_off(*, module: str) -> ModuleSwitch:
    """Switch a module off, with the parts that nothing else needs; all its records stay until it is on again.

    It is out of use at once. Refused: NOT_FOUND for a name that is no module, IN_USE while another module needs it.
    What is off already stays off.
    """
    closed([module], "module")
    if _state_of(module) in (State.OFF, State.ABSENT):
        return _switch({module}, frozenset())
    off = wish_off(tenant_here(), module, current().actor)
    enqueue(finish_switching)
    return _switch(off, off - {module})


@service(permission=MODULE_PURGE)
def purge_module_data(*, module: str, confirmation: str, archive: str = "") -> ModuleSwitch:
    """Export all records of a module that is off, then delete them for good; `confirmation` is its label, typed once more.

    `archive` is the SHA-256 of the module's archive as it was downloaded (see `moduleArchives`). While the law wants the
    records to be kept nothing goes without it.
    Refused: NOT_FOUND for a name that is no module, INVALID for another confirmation or checksum, RETENTION while the law
    keeps it, with the day until it does, STATE unless it is off, IN_USE while tables of another module build on it.
    A module that refuses in the end, or whose archive is not of what it holds now, stays OFF, and `why` says why.
    """
    check_confirmation(module, confirmation)
    state = _state_of(module)
    if state == State.ABSENT:
        return _switch({module}, frozenset())
    if state == State.OFF:
        confirm_archive(label=module, sha256=archive)
    wish_gone(tenant_here(), module, current().actor)
    enqueue(finish_switching)
    return _switch({module}, frozenset())


def _state_of(module: str) -> str:
    row = installations().get(module)
    return row.state if row else State.ABSENT


def _switch(labels: frozenset[str] | set[str], along: frozenset[str]) -> ModuleSwitch:
    return ModuleSwitch(
        modules=pictured((label for label in installed() if label in labels), installations()), along=sorted(along)
    )
