"""The cast: ada owns tenant A, bob works there, eve is of tenant B."""

from typing import Any
from uuid import UUID

from tessera.access.models import Member, Role, RolePermission
from tessera.access.services import assign_role, create_owner
from tessera.fields import new_id
from tessera.unit_of_work import unit_of_work

NORTH, SOUTH, ACME = new_id(), new_id(), new_id()


def make_ada(account_id: UUID | None = None) -> Member:
    """Make the owner of the tenant that is entered."""
    return create_owner(account_id=account_id or new_id(), email="ada@example.com", name="Ada")


def make_bob(account_id: UUID | None = None, *roles: Role, email: str = "bob@example.com", name: str = "Bob") -> Member:
    """Make an active member with roles, in the tenant that is entered."""
    with unit_of_work():
        bob = Member(account_id=account_id or new_id(), email=email, name=name, state=Member.State.ACTIVE)
        bob.save()
        for role in roles:
            assign_role(member=bob, role=role)
    return bob


def make_role(name: str, **rights: str) -> Role:
    """Make a role from codes with `__` for the dot, to reaches: `access__member_view="own"`."""
    with unit_of_work():
        role = Role(name=name, title=name.title(), is_custom=True)
        role.save()
        for code, reach in rights.items():
            RolePermission(role=role, permission=code.replace("__", "."), reach=reach).save()
    return role


def codes(problems: Any) -> list[tuple[str, tuple[str, ...]]]:
    """Return what a refusal says, without its words."""
    return [(problem.code, problem.field) for problem in problems.value.problems]
