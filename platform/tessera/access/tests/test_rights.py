"""Roles add up to rights, each as far as its reach, and count at once."""

import pytest

from tessera.access.models import AccessState, Role
from tessera.access.selectors import actor_of, me
from tessera.access.selectors.rights import contains, joined
from tessera.access.services import RoleRight, assign_role, set_role_permissions, unassign_role
from tessera.access.tests.people import ACME, NORTH, SOUTH, make_ada, make_bob, make_role
from tessera.context import EVERYTHING, Reach, acting, current
from tessera.permissions import known_permissions
from tessera.unit_of_work import unit_of_work


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
        "access.token_revoke": Reach(own=True),
        "access.push_token_set": Reach(own=True),
        "files.file_upload_create": Reach(own=True),
        "files.file_upload_view": Reach(own=True),
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


def test_reach_joins_and_contains():
    own, north = Reach(own=True), Reach(own=True, units=frozenset({NORTH}))
    assert joined(own, north) == north
    assert joined(north, EVERYTHING) == EVERYTHING
    assert contains(EVERYTHING, north) and contains(north, own) and not contains(own, north) and not contains(None, own)
    assert not contains(Reach(own=True, units=frozenset({NORTH}), companies=frozenset({ACME})), EVERYTHING)


def test_me_lists_rights_and_modules(inside, tenant):
    ada = make_ada()
    with acting(actor_of(ada)):
        mine = me()
    assert (mine.member, mine.tenant, mine.modules) == (ada, tenant.name, sorted(current().modules))
    assert mine.permissions == sorted(known_permissions(current().modules))
