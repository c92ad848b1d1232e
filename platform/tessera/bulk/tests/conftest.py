"""Small slices, and bob, for whom operations work."""

import pytest

from tessera.access.models import Member
from tessera.accounts.models import Account
from tessera.bulk.services import importing
from tessera.bulk.tests.hands import RIGHTS
from tessera.context import EVERYTHING, Actor, acting
from tessera.unit_of_work import unit_of_work


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def small(monkeypatch, settings):
    """Let a slice be one step, and a step three rows or lines."""
    settings.TESSERA_BULK_SLICE = 0.0
    monkeypatch.setattr("tessera.graph.paged.MOST", 3)
    monkeypatch.setattr(importing, "AT_A_STEP", 3)


@pytest.fixture
def bob(inside, monkeypatch):
    """Enter as bob, whose rights are in `bob.grants`; what runs for him later asks for them again."""
    account = Account.objects.create_user("bob@example.com", "correct horse 42")
    with unit_of_work():
        row = Member(name="Bob", email="bob@example.com", account_id=account.pk, state=Member.State.ACTIVE)
        row.save()
    actor = Actor(kind="member", member_id=row.pk, grants=dict.fromkeys(RIGHTS, EVERYTHING))

    def now(_member):
        return Actor(kind="member", member_id=actor.member_id, grants=dict(actor.grants))

    monkeypatch.setattr("tessera.bulk.selectors.actor_of", now)
    monkeypatch.setattr("tessera.files.services.receiving.actor_of_member", now)
    with acting(actor):
        yield actor
