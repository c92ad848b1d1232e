"""Notice every write that may change somebody's rights, whoever makes it and on whatever path."""

from tessera.access.models import Role, RoleAssignment, RolePermission
from tessera.access.services.roles import rights_changed
from tessera.unit_of_work import Unit, finisher

_sources = {model._meta.label for model in (Role, RolePermission, RoleAssignment)}


def reach_depends_on(*labels: str) -> None:
    """Say which models ("base.OrgUnit") the answers to `org_reach` and `units_within` are made from."""
    _sources.update(labels)


@finisher
def make_stale(unit: Unit) -> None:
    """Make computed rights stale, in the transaction of the writes that they depend on."""
    if any(mark.model._meta.label in _sources for mark in unit.audit):
        rights_changed()
