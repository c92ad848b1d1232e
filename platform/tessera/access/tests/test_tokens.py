"""Tokens are shown once, stored hashed, bounded, and revocable."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tessera.access.models import AccessToken
from tessera.access.selectors import actor_of, bearer_of_token, restricted, role_epoch
from tessera.access.services import issue_api_key, issue_token, revoke_token
from tessera.access.services.tokens import digest
from tessera.access.tests.people import codes, make_ada, make_bob, make_role
from tessera.audit.models import AuditEntry
from tessera.context import acting
from tessera.errors import Refused
from tessera.resource import RESOURCES


def test_secret_is_stored_as_a_hash_only(inside):
    bob = make_bob(None, make_role("clerk", access__token_issue="all", access__role_view="all"))
    with acting(actor_of(bob)):
        issued = issue_token(name="script", scopes=["access.role_view"])
    row = AccessToken.objects.values().get()
    assert row["hash"] == digest(issued.secret) and issued.secret.startswith(row["prefix"])
    assert issued.secret not in str(row)
    assert not any(issued.secret in str(entry.after) for entry in AuditEntry.objects.all())
    assert "hash" not in RESOURCES["AccessToken"].fields


def test_a_token_is_judged_by_one_statement(inside, django_assert_num_queries):
    bob = make_bob(None, make_role("clerk", access__token_issue="all", access__token_revoke="own", access__role_view="all"))
    with acting(actor_of(bob)):
        issued = issue_token(name="script", scopes=["access.role_view"])
    with django_assert_num_queries(1):
        bearer = bearer_of_token(hash=digest(issued.secret))
    assert (bearer.member.pk, bearer.member.state, bearer.member.epoch) == (bob.pk, "active", issued.token.epoch)
    assert (bearer.token.pk, bearer.token.scopes, bearer.role_epoch) == (issued.token.pk, ["access.role_view"], role_epoch())
    with acting(actor_of(bob)):
        revoke_token(access_token=issued.token)
    assert bearer_of_token(hash=digest(issued.secret)) is None


def test_token_holds_no_more_than_its_scopes(inside):
    bob = actor_of(make_bob(None, make_role("clerk", access__role_view="all", access__invitation_view="all")))
    assert set(restricted(bob, ["access.role_view", "access.member_deactivate"]).grants) == {"access.role_view"}
    assert restricted(bob, ["*"]) == bob


@pytest.mark.parametrize(
    ("scopes", "problem"),
    [([], ("REQUIRED", ("scopes",))), (["access.member_deactivate"], ("INVALID", ("scopes", "0")))],
)
def test_scopes_beyond_the_member_are_refused(inside, scopes, problem):
    with acting(actor_of(make_bob(None, make_role("clerk", access__token_issue="all")))), pytest.raises(Refused) as refused:
        issue_token(name="script", scopes=scopes)
    assert codes(refused) == [problem]


@pytest.mark.parametrize("days", [-1, 367])
def test_token_expires_within_a_year(inside, days):
    with acting(actor_of(make_ada())), pytest.raises(Refused) as refused:
        issue_token(name="script", scopes=["*"], expires_at=timezone.now() + timedelta(days=days))
    assert codes(refused) == [("INVALID", ("expires_at",))]


def test_key_for_another_member_stays_within_the_issuer(inside):
    ada, bob = make_ada(), make_bob(None, make_role("it", access__api_key_issue="all"))
    with acting(actor_of(bob)), pytest.raises(Refused) as refused:
        issue_api_key(name="integration", scopes=["access.role_manage"], member=ada)
    assert codes(refused) == [("FORBIDDEN", ("scopes", "0"))]
    with acting(actor_of(ada)):
        assert issue_api_key(name="integration", scopes=["access.token_issue"], member=bob).token.member == bob
