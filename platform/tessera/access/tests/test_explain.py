"""What a member may do is explained, and why not."""

import pytest

from tessera.access.selectors import actor_of, explain_access
from tessera.access.tests.people import NORTH, make_ada, make_bob, make_role
from tessera.context import acting
from tessera.errors import Forbidden


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
