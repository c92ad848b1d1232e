"""Roles are made, given and taken; nobody hands out more than they hold."""

import pytest
from django.db import IntegrityError

from tessera.access.models import Role, RoleAssignment, RolePermission
from tessera.access.selectors import actor_of
from tessera.access.services import (
    RoleRight,
    assign_role,
    create_role,
    delete_role,
    propose_roles,
    set_role_permissions,
    unassign_role,
)
from tessera.access.tests.people import ACME, NORTH, codes, make_ada, make_bob, make_role
from tessera.context import Reach, acting, current
from tessera.errors import Forbidden, Refused
from tessera.module import Module
from tessera.module import Role as ProposedRole
from tessera.unit_of_work import unit_of_work


def test_unit_and_company_together_are_refused(inside):
    role, bob = make_role("lead"), make_bob()
    with pytest.raises(Refused) as refused:
        assign_role(member=bob, role=role, unit=NORTH, company=ACME)
    assert codes(refused) == [("INVALID", ("company",))]


def test_database_refuses_a_doubled_assignment_and_two_limits(inside):
    role, bob = make_role("lead"), make_bob()
    with unit_of_work():
        RoleAssignment(member=bob, role=role).save()
    with pytest.raises(Refused) as refused:
        assign_role(member=bob, role=role)
    assert codes(refused)[0][0] == "UNIQUE"
    with pytest.raises((Refused, IntegrityError)), unit_of_work():
        RoleAssignment(member=bob, role=role, unit=NORTH, company=ACME).save()


def proposed(**roles):
    """Return a manifest that proposes these roles and is installed nowhere."""
    shop = Module.__new__(Module)
    shop.label, shop.roles = "shop", roles
    return shop


def test_proposed_roles_follow_the_module_until_the_tenant_changes_them(inside):
    seller = ProposedRole(title="Seller", permissions=("access.member_view",), reach="unit")
    (role,) = propose_roles(modules=[proposed(seller=seller)])
    assert list(role.permissions.values_list("permission", "reach")) == [("access.member_view", "unit")]
    better = ProposedRole(title="Seller", permissions=("access.*_view",), reach="all")
    propose_roles(modules=[proposed(seller=better)])
    found = dict(role.permissions.values_list("permission", "reach"))
    assert found["access.role_view"] == found["access.invitation_view"] == "all" and len(found) == 6
    set_role_permissions(role=role, permissions=[RoleRight(permission="access.role_view", reach="own")])
    propose_roles(modules=[proposed(seller=better)])
    assert list(role.permissions.values_list("permission", "reach")) == [("access.role_view", "own")]


def test_role_with_wrong_rights_names_each_of_them(inside):
    with pytest.raises(Refused) as refused:
        create_role(
            title="Odd",
            permissions=[
                RoleRight(permission="access.fly"),
                RoleRight(permission="access.member_view", reach="galaxy"),
                RoleRight(permission="access.role_view"),
                RoleRight(permission="access.role_view"),
            ],
        )
    assert codes(refused) == [
        ("NOT_FOUND", ("permissions", "0", "permission")),
        ("INVALID", ("permissions", "1", "reach")),
        ("UNIQUE", ("permissions", "3")),
    ]
    assert not Role.objects.filter(title="Odd").exists()


def test_nobody_hands_out_more_than_they_hold(inside):
    make_ada()
    manager = make_role("manager", access__role_manage="all", access__invitation_view="own")
    wide = make_role("wide", access__invitation_view="all")
    bob, carl = make_bob(None, manager), make_bob(None, email="carl@example.com", name="Carl")
    admin = Role.objects.get(name="admin")
    with acting(actor_of(bob)):
        for role in (wide, admin):
            with pytest.raises(Refused) as refused:
                assign_role(member=carl, role=role)
            assert codes(refused) == [("FORBIDDEN", ("role",))]
        with pytest.raises(Refused) as refused:
            set_role_permissions(role=manager, permissions=[RoleRight(permission="access.token_revoke")])
        assert codes(refused) == [("FORBIDDEN", ("permissions", "0"))]
        assign_role(member=carl, role=manager)
    with acting(actor_of(carl)):
        assert current().actor.reach("access.invitation_view") == Reach(own=True)


def test_service_without_its_right_is_forbidden(inside):
    role, bob = make_role("clerk"), make_bob()
    with acting(actor_of(bob)), pytest.raises(Forbidden):
        assign_role(member=bob, role=role)


def test_only_an_unused_role_of_the_tenant_is_deleted(inside):
    make_ada()
    role, bob = make_role("clerk"), make_bob()
    given = assign_role(member=bob, role=role)
    for wanted, code in ((role, "IN_USE"), (Role.objects.get(name="admin"), "STATE")):
        with pytest.raises(Refused) as refused:
            delete_role(role=wanted)
        assert codes(refused)[0][0] == code
    unassign_role(role_assignment=given)
    delete_role(role=role)
    assert not Role.objects.filter(name="clerk").exists()


def test_database_refuses_an_unknown_reach(inside):
    role = make_role("clerk")
    with pytest.raises(Refused) as refused, unit_of_work():
        RolePermission(role=role, permission="access.member_view", reach="galaxy").save()
    assert codes(refused)[0][0] == "INVALID"


def test_right_that_nothing_declares_is_reported(monkeypatch):
    from tessera.access.checks import check_permissions
    from tessera.service import SERVICES, service

    assert [error.msg for error in check_permissions(None) if "access." in error.msg] == []

    @service(permission="access.member_fly")
    def fly() -> None: ...

    path = next(path for path, run in SERVICES.items() if run is fly)
    try:
        assert [error.msg for error in check_permissions(None) if "fly" in error.msg] == [
            f"the service {path} demands access.member_fly, which nothing declares"
        ]
    finally:
        del SERVICES[path]
