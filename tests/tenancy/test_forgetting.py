"""What nobody needs any more goes by the clock, some at a time, in every company that may work."""

from datetime import timedelta

import pytest
from django.utils import timezone
from tessera.access import tasks as access_tasks
from tessera.access.models import AccessToken
from tessera.access.tests.people import make_ada
from tessera.celery import app
from tessera.idempotency import tasks as idempotency_tasks
from tessera.idempotency.models import IdempotencyKey
from tessera.unit_of_work import unit_of_work

from tenants import tasks
from tenants.models import SignUp, Tenant

DAY = timedelta(days=1)


def make_keys(*ages: timedelta) -> None:
    with unit_of_work():
        for age in ages:
            key = IdempotencyKey(actor="ada", key=str(age), request_hash="")
            key.save()
            IdempotencyKey.objects.filter(pk=key.pk).update_unaudited(created_at=timezone.now() - age)


def test_keys_are_kept_for_two_days(inside):
    make_keys(DAY, 1.9 * DAY, 2.1 * DAY, 9 * DAY)
    idempotency_tasks.forget_old_keys(tenant_id=str(inside.tenant.id))
    assert set(IdempotencyKey.objects.values_list("key", flat=True)) == {str(DAY), str(1.9 * DAY)}


def test_many_keys_go_in_turns_the_oldest_first(inside, monkeypatch):
    again = []
    monkeypatch.setattr(idempotency_tasks, "MOST", 2)
    monkeypatch.setattr(idempotency_tasks, "enqueue", again.append)
    real = idempotency_tasks.forget_keys
    monkeypatch.setattr(idempotency_tasks, "forget_keys", lambda before: real(before=before, most=2))
    make_keys(5 * DAY, 4 * DAY, 3 * DAY)
    idempotency_tasks.forget_old_keys(tenant_id=str(inside.tenant.id))
    assert (list(IdempotencyKey.objects.values_list("key", flat=True)), len(again)) == ([str(3 * DAY)], 1)
    idempotency_tasks.forget_old_keys(tenant_id=str(inside.tenant.id))
    assert (IdempotencyKey.objects.count(), len(again)) == (0, 1)


def test_tokens_go_when_they_ended_long_ago(inside):
    now = timezone.now()
    ends = {"lives": (now + DAY, None), "expired": (now - DAY, None), "revoked": (now + DAY, now - DAY)}
    ends |= {"long expired": (now - 91 * DAY, None), "long revoked": (now + DAY, now - 91 * DAY)}
    ada = make_ada()
    with unit_of_work():
        for name, (expires, revoked) in ends.items():
            AccessToken(member=ada, kind="personal", name=name, hash=name, epoch=1, expires_at=expires, revoked_at=revoked).save()
    access_tasks.forget_dead_tokens(tenant_id=str(inside.tenant.id))
    assert set(AccessToken.objects.values_list("name", flat=True)) == {"lives", "expired", "revoked"}


def test_sign_ups_go_when_their_link_leads_nowhere_and_half_done_ones_stay(_database):
    for number, state in enumerate(SignUp.State):
        for age in (DAY, 3 * DAY):
            made = SignUp.objects.create(company="x", slug=f"{state}{number}", email="x@x.test", modules=[], state=state)
            SignUp.objects.filter(pk=made.pk).update(created_at=timezone.now() - age)
    assert tasks.forget_old_sign_ups() == 2
    assert sorted(SignUp.objects.values_list("state", flat=True)) == ["asked", "confirmed", "confirmed", "done"]


@pytest.mark.parametrize("task", [idempotency_tasks.forget_old_keys, access_tasks.forget_dead_tokens])
def test_the_clock_sends_one_task_per_company_that_may_work(tenant, other_tenant, monkeypatch, task):
    Tenant.objects.filter(pk=other_tenant.pk).update(state=Tenant.State.SUSPENDED)
    entry, sent = app.conf.beat_schedule[task.name], []
    monkeypatch.setattr(task, "apply_async", lambda kwargs, **options: sent.append(kwargs["tenant_id"]))
    app.tasks[entry["task"]](*entry["args"])
    assert sent == [str(tenant.id)]


def test_the_clock_knows_every_forgetting(_database):
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert {"tenants.forget_sign_ups", "accounts.forget_expired_sessions"} <= scheduled <= app.tasks.keys()
