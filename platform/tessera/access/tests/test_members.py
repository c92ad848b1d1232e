"""Members are invited, join once, hand over and are gone at once."""

import pytest

from tessera.access.models import Invitation, Member, RoleAssignment
from tessera.access.selectors import actor_of, members_holding, members_in_role
from tessera.access.services import (
    accept_invitation,
    create_owner,
    deactivate_member,
    invitation_letter,
    invite_member,
    issue_token,
    offered_invitation,
    resend_invitation,
    transfer_ownership,
    withdraw_invitation,
)
from tessera.access.tests.people import codes, make_ada, make_bob, make_role
from tessera.audit.selectors import history_of
from tessera.context import acting, system
from tessera.errors import Refused
from tessera.fields import new_id
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work


def token_of(invitation):
    return invitation_letter(invitation_id=invitation.pk, serial=invitation.serial)[1]


def test_owner_is_made_once(inside):
    account = new_id()
    ada = make_ada(account)
    assert create_owner(account_id=account, email="ada@example.com", name="Ada") == ada
    assert (ada.is_owner, ada.state, ada.email) == (True, "active", "ada@example.com")
    with pytest.raises(Refused) as refused:
        create_owner(account_id=new_id(), email="eve@example.com", name="Eve")
    assert codes(refused)[0][0] == "UNIQUE"


def test_invited_person_joins_once_with_the_roles(inside):
    role = make_role("clerk", access__role_view="all")
    invitation = invite_member(email="Bob@Example.com", name="Bob", roles=[role])
    bob = invitation.member
    assert (bob.state, bob.email, bob.account_id) == ("invited", "bob@example.com", None)
    token, account = token_of(invitation), new_id()
    offer = offered_invitation(token=token)
    assert (offer.email, offer.name, offer.accepted) == ("bob@example.com", "Bob", False)
    joined = accept_invitation(token=token, account_id=account, email="bob@example.com")
    assert (joined.pk, joined.state, joined.account_id) == (bob.pk, "active", account)
    assert actor_of(joined).may("access.role_view")
    assert accept_invitation(token=token, account_id=account, email="bob@example.com").pk == bob.pk
    with pytest.raises(Refused) as refused:
        accept_invitation(token=token, account_id=new_id(), email="bob@example.com")
    assert codes(refused) == [("INVALID", ("token",))]


@pytest.mark.parametrize("tamper", [lambda t: t + "x", lambda t: "x" + t, lambda t: "", lambda t: t.partition(":")[0]])
def test_forged_link_opens_nothing(inside, tamper):
    token = token_of(invite_member(email="bob@example.com"))
    with pytest.raises(Refused) as refused:
        accept_invitation(token=tamper(token), account_id=new_id(), email="bob@example.com")
    assert codes(refused) == [("INVALID", ("token",))]


def test_link_of_one_tenant_is_worthless_in_another(inside, other_tenant):
    token = token_of(invite_member(email="bob@example.com"))
    with entered(other_tenant, actor=system("test")), pytest.raises(Refused) as refused:
        offered_invitation(token=token)
    assert codes(refused) == [("INVALID", ("token",))]


def test_invitation_is_for_the_invited_address_only(inside):
    token = token_of(invite_member(email="bob@example.com"))
    with pytest.raises(Refused) as refused:
        accept_invitation(token=token, account_id=new_id(), email="eve@example.com")
    assert codes(refused) == [("INVALID", ("token",))]
    assert Member.objects.get(email="bob@example.com").state == "invited"


def test_new_letter_voids_the_old_link(inside):
    invitation = invite_member(email="bob@example.com")
    old = token_of(invitation)
    new = token_of(resend_invitation(invitation=invitation))
    with pytest.raises(Refused):
        offered_invitation(token=old)
    assert offered_invitation(token=new).email == "bob@example.com"


def test_withdrawn_and_expired_links_open_nothing(inside):
    invitation = invite_member(email="bob@example.com")
    token = token_of(invitation)
    with unit_of_work():
        Invitation.objects.filter(pk=invitation.pk).update(expires_at="2020-01-01T00:00:00Z")
    with pytest.raises(Refused):
        offered_invitation(token=token)
    withdraw_invitation(invitation=invitation)
    assert Member.objects.get(email="bob@example.com").state == "deactivated"
    with pytest.raises(Refused):
        accept_invitation(token=token, account_id=new_id(), email="bob@example.com")


def test_wrong_address_and_doubled_invitation_are_refused(inside):
    with pytest.raises(Refused) as refused:
        invite_member(email="nobody")
    assert codes(refused) == [("INVALID", ("email",))]
    invite_member(email="bob@example.com")
    with pytest.raises(Refused) as refused:
        invite_member(email="bob@example.com")
    assert codes(refused) == [("UNIQUE", ("email",))]
    make_bob(email="carl@example.com")
    with pytest.raises(Refused) as refused:
        invite_member(email="carl@example.com")
    assert codes(refused) == [("UNIQUE", ("email",))]


def test_inviter_gives_no_role_beyond_its_own_rights(inside):
    inviter = make_role("inviter", access__member_invite="all", access__role_view="own")
    wide = make_role("wide", access__role_view="all")
    with acting(actor_of(make_bob(None, inviter))), pytest.raises(Refused) as refused:
        invite_member(email="carl@example.com", roles=[inviter, wide])
    assert codes(refused) == [("FORBIDDEN", ("roles", "1"))]
    assert not Member.objects.filter(email="carl@example.com").exists()


def test_deactivated_member_is_cut_off_and_hands_over(inside):
    ada, bob = make_ada(), make_bob(None, make_role("clerk", access__role_view="all"))
    with acting(actor_of(bob)):
        token = issue_token(name="script", scopes=["*"]).token
    epoch = bob.epoch
    with acting(actor_of(ada)):
        gone = deactivate_member(member=bob, hand_over_to=ada)
    token.refresh_from_db()
    assert (gone.state, gone.epoch) == ("deactivated", epoch + 1)
    assert token.revoked_at is not None and token.member_id == bob.pk
    assert not RoleAssignment.objects.filter(member=bob).exists()
    assert actor_of(gone).grants == {}
    assert [(entry.verb, entry.actor) for entry in history_of(gone)][-1] == ("update", ada.pk)


def test_what_a_member_owns_goes_to_the_heir_and_is_audited(inside):
    from modules.base.models import Party

    ada, bob, carl = make_ada(), make_bob(), make_bob(email="carl@example.com", name="Carl")
    with unit_of_work():
        parties = [Party(kind="person", code=who.name, name=who.email, owner=who.pk) for who in (bob, carl)]
        for party in parties:
            party.save()
    with acting(actor_of(ada)):
        deactivate_member(member=bob, hand_over_to=ada)
    for party in parties:
        party.refresh_from_db()
    assert [party.owner for party in parties] == [ada.pk, carl.pk]
    change = history_of(parties[0])[-1]
    assert (change.before, change.after, change.actor) == ({"owner": str(bob.pk)}, {"owner": str(ada.pk)}, ada.pk)


def test_rights_are_not_inherited(inside):
    ada, bob = make_ada(), make_bob(None, make_role("clerk", access__role_view="all"))
    carl = make_bob(email="carl@example.com")
    with acting(actor_of(ada)):
        deactivate_member(member=bob, hand_over_to=carl)
    assert not RoleAssignment.objects.filter(member=carl).exists() and not actor_of(carl).may("access.role_view")


def test_owner_oneself_and_the_gone_are_not_deactivated(inside):
    ada, bob = make_ada(), make_bob()
    deactivate = make_role("hr", access__member_deactivate="all")
    carl = make_bob(None, deactivate, email="carl@example.com")
    with acting(actor_of(carl)):
        for who in (ada, carl):
            with pytest.raises(Refused) as refused:
                deactivate_member(member=who)
            assert codes(refused) == [("STATE", ("member",))]
        deactivate_member(member=bob)
        with pytest.raises(Refused):
            deactivate_member(member=bob)
    with pytest.raises(Refused) as refused:
        deactivate_member(member=carl, hand_over_to=bob)
    assert codes(refused) == [("INVALID", ("hand_over_to",))]


def test_deactivated_member_is_asked_back(inside):
    bob = make_bob()
    deactivate_member(member=bob)
    again = invite_member(email="bob@example.com")
    account = new_id()
    assert accept_invitation(token=token_of(again), account_id=account, email="bob@example.com").pk == bob.pk


def test_ownership_is_handed_over_by_the_owner_only(inside):
    ada, bob = make_ada(), make_bob(None, make_role("hr", access__member_deactivate="all"))
    with acting(actor_of(bob)), pytest.raises(Refused) as refused:
        transfer_ownership(member=bob)
    assert codes(refused) == [("FORBIDDEN", ("member",))]
    with acting(actor_of(ada)):
        assert transfer_ownership(member=bob).is_owner
    assert Member.objects.get(is_owner=True) == bob


def test_members_are_found_by_role_and_by_right(inside):
    ada, bob = make_ada(), make_bob(None, make_role("clerk", access__invitation_view="own"))
    make_bob(email="carl@example.com")
    assert members_in_role(role="clerk") == [bob]
    assert members_holding(permission="access.invitation_view") == [ada, bob]


def test_database_refuses_an_active_member_without_account(inside):
    with pytest.raises(Refused), unit_of_work():
        Member(name="Bob", email="bob@example.com", state="active").save()
