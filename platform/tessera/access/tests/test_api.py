"""Members and rights through the public API, as those who hold just the rights they need."""

import json
import re
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client

from tessera.access.models import Invitation, Member
from tessera.access.selectors import actor_of
from tessera.access.services import assign_role, issue_token
from tessera.access.tests.people import make_ada, make_bob, make_role
from tessera.accounts.models import Account
from tessera.context import system
from tessera.fields import new_id
from tessera.graph.ids import encode
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work


class Person:
    """Somebody with a token who asks the API of one tenant."""

    def __init__(self, tenant, make, *arguments, email):
        account = Account.objects.create_user(email)
        with entered(tenant, actor=system("test")):
            self.member = make(account.pk, *arguments)
            self.rights = actor_of(self.member)
        with entered(tenant, actor=self.rights):
            self.secret = issue_token(name="test", scopes=["*"]).secret
        self.client = Client(HTTP_HOST=f"{tenant.slug}.{settings.BASE_DOMAIN}", HTTP_AUTHORIZATION=f"Bearer {self.secret}")

    def ask(self, document, **variables):
        body = json.dumps({"query": document, "variables": variables})
        return self.client.post("/graphql", body, content_type="application/json").json()


@pytest.fixture
def ada(tenant):
    return Person(tenant, make_ada, email="ada@example.com")


@pytest.fixture
def bob(tenant, ada):
    return Person(tenant, make_bob, email="bob@example.com")


def test_me_says_who_asks_and_what_it_may(tenant, bob):
    found = bob.ask("{ me { member { name email state } permissions tenant } }")["data"]["me"]
    assert found == {
        "member": {"name": "Bob", "email": "bob@example.com", "state": "ACTIVE"},
        "permissions": [
            "access.access_token_view",
            "access.member_update",
            "access.member_view",
            "access.push_token_set",
            "access.token_issue",
            "access.token_revoke",
            "files.file_upload_create",
            "files.file_upload_view",
        ],
        "tenant": tenant.name,
    }


def test_dead_token_is_refused_before_anything_is_asked(tenant, bob):
    bob.client.defaults["HTTP_AUTHORIZATION"] = "Bearer tsr_p_dead"
    assert bob.ask("{ me { tenant } }")["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_member_is_invited_with_a_role_and_deactivated(tenant, ada, bob):
    role = ada.ask(
        """mutation { roleCreate(input: {title: "Clerk", permissions: [{permission: "access.role_view", reach: "all"}]})
        { node { id permissions { edges { node { permission reach } } } } userErrors { code field } } }"""
    )["data"]["roleCreate"]
    assert role["userErrors"] == []
    assert [edge["node"] for edge in role["node"]["permissions"]["edges"]] == [{"permission": "access.role_view", "reach": "ALL"}]
    invited = ada.ask(
        """mutation ($roles: [ID!]) { memberInvite(input: {email: "carl@example.com", name: "Carl", roles: $roles})
        { node { email member { id state roles { edges { node { role { title } } } } } } userErrors { code field } } }""",
        roles=[role["node"]["id"]],
    )["data"]["memberInvite"]
    assert invited["userErrors"] == []
    carl = invited["node"]["member"]
    assert (carl["state"], [edge["node"]["role"]["title"] for edge in carl["roles"]["edges"]]) == ("INVITED", ["Clerk"])
    gone = ada.ask(
        "mutation ($id: ID!) { memberDeactivate(id: $id) { node { state } userErrors { code field } } }", id=carl["id"]
    )["data"]["memberDeactivate"]
    assert gone == {"node": {"state": "DEACTIVATED"}, "userErrors": []}


def test_who_lacks_the_right_invites_nobody(tenant, bob):
    answer = bob.ask('mutation { memberInvite(input: {email: "carl@example.com"}) { userErrors { code } } }')
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    with entered(tenant, actor=system("test")):
        assert not Member.objects.filter(email="carl@example.com").exists()


def test_wrong_address_is_an_error_of_its_field(ada):
    answer = ada.ask('mutation { memberInvite(input: {email: "nobody"}) { userErrors { code field } } }')
    assert answer["data"]["memberInvite"]["userErrors"] == [{"code": "INVALID", "field": ["input", "email"]}]


def test_token_is_shown_once_and_acts_within_its_scopes(tenant, bob):
    issued = bob.ask(
        """mutation { accessTokenIssue(input: {name: "script", scopes: ["access.member_view"]})
        { result { secret token { prefix } } userErrors { code field } } }"""
    )["data"]["accessTokenIssue"]
    secret = issued["result"]["secret"]
    assert issued["userErrors"] == [] and secret.startswith(issued["result"]["token"]["prefix"])
    bob.client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    assert bob.ask("{ me { permissions } }")["data"]["me"]["permissions"] == ["access.member_view"]


def test_everybody_sees_and_revokes_only_their_own_tokens(ada, bob):
    listed = bob.ask("{ accessTokens { edges { node { id name member { name } } } } }")["data"]["accessTokens"]["edges"]
    assert [edge["node"]["member"]["name"] for edge in listed] == ["Bob"]
    foreign = ada.ask("{ accessTokens { edges { node { id member { name } } } } }")["data"]["accessTokens"]["edges"]
    adas = next(edge["node"]["id"] for edge in foreign if edge["node"]["member"]["name"] == "Ada")
    answer = bob.ask("mutation ($id: ID!) { accessTokenRevoke(id: $id) { userErrors { code } } }", id=adas)
    assert re.search("NOT_FOUND|FORBIDDEN", json.dumps(answer))
    assert ada.ask("{ me { tenant } }")["data"]["me"]["tenant"]


def test_who_may_revoke_everybodys_tokens_revokes_anothers(tenant, ada, bob):
    with entered(tenant, actor=system("test")):
        guard = make_role("guard", access__token_revoke="all", access__access_token_view="all")
    cyd = Person(tenant, lambda account: make_bob(account, guard, email="cyd@example.com", name="Cyd"), email="cyd@example.com")
    listed = cyd.ask("{ accessTokens { nodes { id member { name } } } }")["data"]["accessTokens"]["nodes"]
    bobs = next(each["id"] for each in listed if each["member"]["name"] == "Bob")
    revoke = "mutation ($id: ID!) { accessTokenRevoke(id: $id) { node { revokedAt } userErrors { code } } }"
    answer = cyd.ask(revoke, id=bobs)["data"]["accessTokenRevoke"]
    assert answer["userErrors"] == [] and answer["node"]["revokedAt"]
    assert bob.ask("{ me { tenant } }")["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_everybody_revokes_an_own_token(bob):
    (mine,) = bob.ask("{ accessTokens { nodes { id } } }")["data"]["accessTokens"]["nodes"]
    bob.ask("mutation ($id: ID!) { accessTokenRevoke(id: $id) { userErrors { code } } }", id=mine["id"])
    assert bob.ask("{ me { tenant } }")["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_member_who_leaves_hands_over_by_one_mutation(tenant, ada, bob):
    from modules.base.models import Party

    with entered(tenant, actor=system("test")), unit_of_work():
        party = Party(name="Alfreds", code="A", owner=bob.member.pk)
        party.save()
        hr = make_role("hr", access__member_deactivate="all", access__member_view="all")
    cyd = Person(tenant, lambda account: make_bob(account, hr, email="cyd@example.com", name="Cyd"), email="cyd@example.com")
    leave = """mutation ($id: ID!, $heir: ID!) { memberDeactivate(id: $id, input: {handOverTo: $heir})
        { node { state } userErrors { code field } } }"""
    gone = cyd.ask(leave, id=encode("Member", bob.member.pk), heir=encode("Member", bob.member.pk))["data"]["memberDeactivate"]
    assert gone["userErrors"] == [{"code": "INVALID", "field": ["input", "handOverTo"]}]
    gone = cyd.ask(leave, id=encode("Member", bob.member.pk), heir=encode("Member", ada.member.pk))["data"]["memberDeactivate"]
    assert gone == {"node": {"state": "DEACTIVATED"}, "userErrors": []}
    assert bob.ask("{ me { tenant } }")["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    with entered(tenant, actor=system("test")):
        assert Party.objects.get().owner == ada.member.pk


def test_invitation_tells_nothing_of_who_has_an_account(ada):
    known = Account.objects.create_user("known@example.com").email
    invite = """mutation ($email: String!) { memberInvite(input: {email: $email})
        { node { email member { name email state } } userErrors { code } } }"""
    answers = [json.dumps(ada.ask(invite, email=each)).replace(each, "X") for each in (known, "nobody@example.com")]
    assert answers[0].partition('"extensions"')[0] == answers[1].partition('"extensions"')[0]


def test_letters_are_limited_by_address_and_by_company(tenant, ada, settings):
    invite = "mutation ($email: String!) { memberInvite(input: {email: $email}) { node { id } userErrors { code } } }"
    again = "mutation ($id: ID!) { invitationResend(id: $id) { userErrors { code } } }"
    settings.TESSERA_LETTERS_AN_HOUR = {"company": 1_000_000, "address": 2}
    eve = f"{uuid4()}@example.com"  # what was counted of her in another run stays counted for an hour
    made = ada.ask(invite, email=eve)["data"]["memberInvite"]["node"]["id"]
    assert ada.ask(again, id=made)["data"]["invitationResend"]["userErrors"] == []
    stopped = ada.ask(again, id=made)["errors"][0]["extensions"]
    assert stopped["code"] == "RATE_LIMITED" and 0 < stopped["retryAfter"] <= 1800
    assert ada.ask(invite, email=f"{uuid4()}@example.com")["data"]["memberInvite"]["userErrors"] == []
    with entered(tenant, actor=system("test")):
        assert Invitation.objects.get(email=eve).serial == 2


def test_member_changes_its_own_name_and_no_others(ada, bob):
    change = """mutation ($id: ID!, $version: Int) { memberUpdate(id: $id, version: $version, input: {name: "Robert"})
        { node { name } userErrors { code } } }"""
    mine, others = (each.ask("{ me { member { id version } } }")["data"]["me"]["member"] for each in (bob, ada))
    assert bob.ask(change, **mine)["data"]["memberUpdate"] == {"node": {"name": "Robert"}, "userErrors": []}
    assert re.search("NOT_FOUND|FORBIDDEN", json.dumps(bob.ask(change, **others)))


def test_explain_answers_over_the_api(ada, bob):
    why = bob.ask('{ explainAccess(resource: "Invitation", verb: "view") { granted whyNot permission reasons { role } } }')
    assert why["data"]["explainAccess"] == {
        "granted": False,
        "whyNot": "No role but the administrator's holds this right.",
        "permission": "access.invitation_view",
        "reasons": [],
    }
    own = bob.ask('{ explainAccess(permission: "access.member_update") { granted own everything reasons { role reach } } }')
    assert own["data"]["explainAccess"] == {
        "granted": True,
        "own": True,
        "everything": False,
        "reasons": [{"role": "member", "reach": "own"}],
    }


def test_token_that_leaves_a_right_out_is_told_so(bob):
    issue = 'mutation { accessTokenIssue(input: {name: "script", scopes: ["access.member_view"]}) { result { secret } } }'
    narrow = bob.ask(issue)["data"]["accessTokenIssue"]["result"]["secret"]
    asked = '{ explainAccess(permission: "access.member_update") { granted whyNot reasons { role } } }'
    assert bob.ask(asked)["data"]["explainAccess"] == {"granted": True, "whyNot": "", "reasons": [{"role": "member"}]}
    bob.client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {narrow}"
    assert bob.ask(asked)["data"]["explainAccess"] == {
        "granted": False,
        "whyNot": "The token in use does not carry this right.",
        "reasons": [{"role": "member"}],
    }


def test_role_given_for_a_unit_is_explained_with_it(tenant, ada, bob):
    unit = new_id()
    with entered(tenant, actor=system("test")):
        assign_role(member=bob.member, role=make_role("clerk", access__invitation_view="all"), unit=unit)
    asked = (
        '{ explainAccess(resource: "Invitation", verb: "view") { granted everything units reasons { role reach onlyInUnit } } }'
    )
    assert bob.ask(asked)["data"]["explainAccess"] == {
        "granted": True,
        "everything": False,
        "units": [str(unit)],
        "reasons": [{"role": "clerk", "reach": "all", "onlyInUnit": str(unit)}],
    }


def test_role_reaches_only_as_far_as_it_says(tenant, ada):
    with entered(tenant, actor=system("test")):
        role = make_role("narrow", access__role_assignment_view="own")
    bob = Person(tenant, lambda account: make_bob(account, role), email="bob@example.com")
    query = "{ roleAssignments { edges { node { member { name } } } } }"
    assert [e["node"]["member"]["name"] for e in bob.ask(query)["data"]["roleAssignments"]["edges"]] == ["Bob"]
    assert len(ada.ask(query)["data"]["roleAssignments"]["edges"]) == 2


def test_hash_of_a_token_is_no_field(ada):
    assert "Cannot query field" in ada.ask("{ accessTokens { edges { node { hash } } } }")["errors"][0]["message"]
