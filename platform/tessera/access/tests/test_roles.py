"""Roles add up to rights, each as far as its reach; nobody hands out more than they hold."""

import pytest
from django.db import IntegrityError

from tessera.access import ports
from tessera.access.models import AccessState, Role, RoleAssignment, RolePermission
from tessera.access.selectors import actor_of, explain_access, me
from tessera.access.selectors.rights import contains, joined
from tessera.access.services import (
    RoleRight,
    assign_role,
    create_role,
    delete_role,
    propose_roles,
    set_role_permissions,
    unassign_role,
)
from tessera.access.tests.people import codes, make_ada, make_bob, make_role
from tessera.context import EVERYTHING, Reach, acting, current
from tessera.errors import Forbidden, Refused
from tessera.fields import new_id
from tessera.module import Module
from tessera.module import Role as ProposedRole
from tessera.permissions import known_permissions
from tessera.unit_of_work import unit_of_work

NORTH, SOUTH, ACME = new_id(), new_id(), new_id()


@pytest.fixture
def organisation(monkeypatch):
    """Answer for base: bob works in NORTH of ACME; SOUTH is ACME's too."""
    bobs = (frozenset({NORTH}), frozenset({ACME}))
    monkeypatch.setattr(ports.org_reach, "answered_by", lambda *, member, on: bobs)
    monkeypatch.setattr(ports.units_within, "answered_by", lambda *, unit, company: frozenset({unit} if unit else {NORTH, SOUTH}))


def test_owner_holds_every_right_of_the_enabled_modules(inside):
    ada = actor_of(make_ada())
    assert dict(ada.grants) == dict.fromkeys(known_permissions(current().modules), EVERYTHING)
    assert "access.member_invite" in ada.grants


def test_member_without_roles_holds_what_every_member_holds(inside):
    make_ada()
    assert dict(actor_of(make_bob()).grants) == {
        "access.member_view": EVERYTHING,
        "access.member_update": Reach(own=True),
        "access.access_token_view": Reach(own=True),
        "access.token_issue": Reach(own=True),
    }


def test_admin_role_is_computed_and_stores_no_right(inside):
    make_ada()
    admin = Role.objects.get(name="admin", module="")
    assert admin.permissions.count() == 0
    assert actor_of(make_bob(None, admin)).reach("access.role_manage") == EVERYTHING


def test_deactivated_and_invited_members_hold_nothing(inside):
    make_ada()
    bob = make_bob()
    for state in ("deactivated", "invited"):
        bob.state = state
        assert actor_of(bob).grants == {}


def test_roles_add_up_and_the_wider_reach_wins(inside, organisation):
    narrow = make_role("narrow", access__invitation_view="own", access__role_view="unit")
    wide = make_role("wide", access__invitation_view="company")
    bob = actor_of(make_bob(None, narrow, wide))
    assert bob.reach("access.invitation_view") == Reach(own=True, units=frozenset({NORTH}), companies=frozenset({ACME}))
    assert bob.reach("access.role_view") == Reach(own=True, units=frozenset({NORTH}))


def test_assignment_to_a_unit_or_company_limits_the_role(inside, organisation):
    role = make_role("lead", access__invitation_view="all")
    bob = make_bob()
    unit = assign_role(member=bob, role=role, unit=SOUTH)
    assert actor_of(bob).reach("access.invitation_view") == Reach(own=True, units=frozenset({SOUTH}))
    unassign_role(role_assignment=unit)
    assign_role(member=bob, role=role, company=ACME)
    assert actor_of(bob).reach("access.invitation_view") == Reach(
        own=True, units=frozenset({NORTH, SOUTH}), companies=frozenset({ACME})
    )


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


def test_every_change_of_a_right_counts_at_once(inside):
    role = make_role("clerk", access__invitation_view="own")
    bob = make_bob()
    given = assign_role(member=bob, role=role)
    assert actor_of(bob).reach("access.invitation_view") == Reach(own=True)
    set_role_permissions(role=role, permissions=[RoleRight(permission="access.invitation_view")])
    assert actor_of(bob).reach("access.invitation_view") == EVERYTHING
    unassign_role(role_assignment=given)
    assert actor_of(bob).reach("access.invitation_view") is None


def test_rights_that_were_rolled_back_are_never_served(inside):
    role, bob = make_role("clerk"), make_bob()
    assign_role(member=bob, role=role)
    assert not actor_of(bob).may("access.invitation_view")
    before = AccessState.objects.get().epoch
    with pytest.raises(ZeroDivisionError), unit_of_work():
        set_role_permissions(role=role, permissions=[RoleRight(permission="access.invitation_view")])
        assert actor_of(bob).may("access.invitation_view")
        raise ZeroDivisionError
    assert AccessState.objects.get().epoch == before
    assert not actor_of(bob).may("access.invitation_view")


def test_moving_a_person_counts_at_once(inside):
    """Base knows the places: whatever is written to them makes computed rights stale."""
    from datetime import date

    from modules.base.models import Assignment, Company, MemberPerson, OrgUnit, Party

    bob = make_bob(None, make_role("clerk", access__invitation_view="unit"))
    with unit_of_work():
        company = Company(code="ACME", name="Acme", currency="USD")
        company.save()
        units = [OrgUnit(company=company, code=code, name=code) for code in ("N", "S")]
        for unit in units:
            unit.save()
        person = Party(kind="person", name="Bob")
        person.save()
        MemberPerson(member=bob.pk, person=person).save()
    assert actor_of(bob).reach("access.invitation_view") == Reach(own=True)
    with unit_of_work():
        place = Assignment(person=person, unit=units[0], valid_from=date(2020, 1, 1))
        place.save()
    assert actor_of(bob).reach("access.invitation_view") == Reach(own=True, units=frozenset({units[0].pk}))
    with unit_of_work():
        Assignment.objects.filter(pk=place.pk).update(unit=units[1])
    assert actor_of(bob).reach("access.invitation_view") == Reach(own=True, units=frozenset({units[1].pk}))


def test_rights_come_from_the_database_when_valkey_is_gone(inside, monkeypatch):
    import redis

    from tessera import tenant_cache

    bob = make_bob(None, make_role("clerk", access__invitation_view="all"))
    assert actor_of(bob).may("access.invitation_view")
    monkeypatch.setattr(tenant_cache, "client", lambda: redis.Redis(port=1, socket_connect_timeout=0.1))
    assert actor_of(bob).may("access.invitation_view")


def test_right_of_a_module_that_is_off_is_not_held(inside, monkeypatch):
    role = make_role("clerk", base__company_create="all", access__invitation_view="all")
    bob = make_bob(None, role)
    from dataclasses import replace

    from tessera import context

    token = context._current.set(replace(current(), modules=frozenset()))
    try:
        assert not actor_of(bob).may("base.company_create")
        assert actor_of(bob).may("access.invitation_view")
    finally:
        context._current.reset(token)


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


def test_reach_joins_and_contains():
    own, north = Reach(own=True), Reach(own=True, units=frozenset({NORTH}))
    assert joined(own, north) == north
    assert joined(north, EVERYTHING) == EVERYTHING
    assert contains(EVERYTHING, north) and contains(north, own) and not contains(own, north) and not contains(None, own)
    assert not contains(Reach(own=True, units=frozenset({NORTH}), companies=frozenset({ACME})), EVERYTHING)


def test_explain_names_the_role_and_its_reach(inside, organisation):
    bob = make_bob(None, make_role("clerk", access__invitation_view="unit"))
    with acting(actor_of(bob)):
        answer = explain_access(permission="access.invitation_view")
        assert (answer.granted, answer.everything, answer.own, answer.units) == (True, False, True, [NORTH])
        assert [(reason.role, reason.reach) for reason in answer.reasons] == [("clerk", "unit")]
        assert explain_access(resource="Invitation", verb="view") == answer
        assert explain_access(resource="Invitation", field="email") == answer


def test_explain_says_why_not(inside):
    make_ada()
    bob = make_bob()
    make_role("clerk", access__invitation_view="unit")
    with acting(actor_of(bob)):
        answer = explain_access(resource="Invitation", verb="view")
        assert (answer.granted, answer.reasons) == (False, [])
        assert answer.why_not == "Bob has none of the roles that hold this right: Clerk."
        assert explain_access(resource="Member", verb="deactivate").why_not == "No role but the administrator's holds this right."
        assert explain_access(permission="access.fly").why_not == "There is no right access.fly."


def test_explaining_another_member_needs_the_right_to_manage_roles(inside):
    ada, bob = make_ada(), make_bob()
    with acting(actor_of(bob)), pytest.raises(Forbidden):
        explain_access(member=ada.pk, permission="access.role_manage")
    with acting(actor_of(ada)):
        assert explain_access(member=bob.pk, permission="access.role_manage").granted is False
        assert explain_access(permission="access.role_manage").reasons[0].role == "owner"


def test_me_lists_rights_and_modules(inside, tenant):
    ada = make_ada()
    with acting(actor_of(ada)):
        mine = me()
    assert (mine.member, mine.tenant, mine.modules) == (ada, tenant.name, sorted(current().modules))
    assert mine.permissions == sorted(known_permissions(current().modules))


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
