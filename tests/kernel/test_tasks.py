"""A task works in the tenant it names, or is refused; it never runs anywhere else."""

from datetime import timedelta

import pytest
from tessera import tasks
from tessera.celery import app
from tessera.context import current, current_or_none, system
from tessera.fields import new_id
from tessera.tasks import TaskRefused, enqueue, for_each_tenant, tenant_task
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work

seen = []


@tenant_task(module="base", every=timedelta(hours=1))
def look(*, what: str = "") -> None:
    seen.append((current().tenant.slug, current().actor.kind, current().actor.name, what))


@tenant_task(module="nothing_like_this")
def of_another_module() -> None:
    seen.append("ran")


@pytest.fixture(autouse=True)
def _fresh():
    seen.clear()


def test_a_task_works_in_its_tenant_as_the_system(tenant):
    look(tenant_id=str(tenant.id), what="x")
    assert seen == [("a", "system", f"task {look.name}", "x")]
    assert current_or_none() is None


def test_a_task_without_a_tenant_is_refused(tenant, caplog):
    with pytest.raises(TaskRefused, match="names no tenant"):
        look(what="x")
    assert "refused" in caplog.text
    assert seen == []


def test_a_task_of_an_unknown_tenant_is_refused(tenant):
    for wrong in (str(new_id()), "t_a", "public", ""):
        with pytest.raises(TaskRefused):
            look(tenant_id=wrong)
    assert seen == []


@pytest.mark.parametrize("state", ["suspended", "deleted"])
def test_a_task_of_a_tenant_that_may_not_work_is_refused(tenant, state):
    tenant.state = state
    tenant.save()
    with pytest.raises(TaskRefused):
        look(tenant_id=tenant.id)
    assert seen == []


def test_a_task_of_a_module_that_is_off_is_refused(tenant):
    with pytest.raises(TaskRefused, match="is off"):
        of_another_module(tenant_id=tenant.id)
    assert seen == []


def test_a_task_is_sent_after_the_commit_and_not_without_one(inside, monkeypatch):
    sent = []
    monkeypatch.setattr(type(look), "apply_async", lambda self, kwargs, **_: sent.append(kwargs))
    callbacks = []
    monkeypatch.setattr(tasks, "on_commit", callbacks.append)
    with unit_of_work():
        enqueue(look, what="x")
    assert sent == []
    callbacks[0]()
    assert sent == [{"what": "x", "tenant_id": str(inside.tenant.id), "request_id": str(inside.request_id)}]


def test_rows_and_other_objects_are_no_arguments(inside, tenant):
    with pytest.raises(TypeError), unit_of_work():
        enqueue(look, what=tenant)


def test_a_scheduled_task_goes_to_every_tenant_with_its_module(tenant, other_tenant, monkeypatch):
    assert app.conf.beat_schedule[look.name]["args"] == [look.name]
    sent = []
    monkeypatch.setattr(type(look), "apply_async", lambda self, kwargs, **_: sent.append(kwargs["tenant_id"]))
    for_each_tenant(look.name)
    for_each_tenant(of_another_module.name)
    assert sorted(sent) == sorted([str(tenant.id), str(other_tenant.id)])


def test_a_worker_lets_go_of_its_connection_after_many_tenants(tenant, other_tenant, monkeypatch):
    monkeypatch.setattr(tasks, "MOST_TENANTS", 1)
    tasks._seen.clear()
    look(tenant_id=tenant.id)
    assert tasks._seen == {tenant.id}
    with entered(tenant, actor=system("test")):
        look(tenant_id=other_tenant.id)  # inside a transaction nothing is closed
    assert tasks._seen == {tenant.id, other_tenant.id}
