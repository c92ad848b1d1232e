"""Rows are written by services, in one transaction, with their audit and facts."""

from uuid import UUID

import pytest
from tessera.audit.models import AuditEntry
from tessera.context import NoContext, current
from tessera.db.guard.base import NoTenant
from tessera.errors import Forbidden, Refused
from tessera.events import event, publish
from tessera.fields import new_id
from tessera.models import CrossTenantError
from tessera.numbering.models import NumberSeries, VoidedNumber
from tessera.outbox.models import OutboxEvent
from tessera.service import service
from tessera.testing.plugin import entered
from tessera.unit_of_work import WriteOutsideUnit, attempt, in_unit, savepoint, unit_of_work


@event("kernel.number_voided")
class NumberVoided:
    subject: UUID
    number: str


@service(permission="kernel.number_void")
def void_number(*, number: str, reason: str = "misprint") -> VoidedNumber:
    row = VoidedNumber(scope="invoice", number=number, reason=reason)
    row.save()
    publish(NumberVoided(subject=row.pk, number=number))
    return row


@service(permission="kernel.number_void", steps=True)
def void_elsewhere(*, number: str) -> bool:
    held = in_unit()
    void_number(number=number)
    return held


def test_a_service_of_steps_opens_no_transaction_asks_for_its_right_and_is_called_within_none(as_member):
    as_member("kernel.number_void")
    assert void_elsewhere(number="7") is False
    assert VoidedNumber.objects.count() == 1
    with unit_of_work(), pytest.raises(RuntimeError, match="not called from within a transaction"):
        void_elsewhere(number="8")
    as_member("kernel.other")
    with pytest.raises(Forbidden):
        void_elsewhere(number="9")
    assert VoidedNumber.objects.count() == 1


def test_a_service_leaves_the_row_its_audit_and_its_fact(as_member):
    as_member("kernel.number_void", name="bob")
    row = void_number(number="7")
    entry = AuditEntry.objects.get(record=row.pk)
    assert (entry.verb, entry.actor_name, entry.after["number"]) == ("create", "bob", "7")
    fact = OutboxEvent.objects.get(subject=row.pk)
    assert (fact.name, fact.seq, fact.data) == ("kernel.number_voided", 1, {"number": "7"})
    assert fact.request == entry.request == current().request_id


def test_a_fact_has_no_field_that_hides_its_name():
    with pytest.raises(TypeError, match="has a field name"):
        event("kernel.paper_named")(type("PaperNamed", (), {"__annotations__": {"subject": UUID, "name": str}}))


def test_facts_about_one_subject_are_numbered_in_order(inside):
    subject = new_id()
    for number in ("1", "2"):
        with unit_of_work():
            publish(NumberVoided(subject=subject, number=number))
            publish(NumberVoided(subject=subject, number=number))
    assert list(OutboxEvent.objects.filter(subject=subject).values_list("seq", flat=True).order_by("seq")) == [1, 2, 3, 4]


def test_without_the_right_nothing_is_written(as_member):
    as_member("kernel.something_else")
    with pytest.raises(Forbidden) as refusal:
        void_number(number="7")
    assert refusal.value.permission == "kernel.number_void"
    assert not VoidedNumber.objects.exists()


def test_writing_outside_a_unit_of_work_is_refused(inside):
    with pytest.raises(WriteOutsideUnit):
        VoidedNumber(scope="a", number="1").save()
    with pytest.raises(WriteOutsideUnit):
        VoidedNumber.objects.update(reason="x")
    with pytest.raises(WriteOutsideUnit):
        VoidedNumber.objects.bulk_create([VoidedNumber(scope="a", number="1")])


def test_a_violated_constraint_becomes_a_refusal_with_code_and_field(inside):
    void_number(number="7")
    with pytest.raises(Refused) as refusal:
        void_number(number="7")
    assert [(p.code, p.field) for p in refusal.value.problems] == [("UNIQUE", ("scope",))]


def test_an_undone_part_leaves_no_audit_and_no_fact(inside):
    with unit_of_work():
        void_number(number="1")
        with pytest.raises(Refused), savepoint():
            void_number(number="2")
            raise Refused("STATE", "no")
    assert list(VoidedNumber.objects.values_list("number", flat=True)) == ["1"]
    assert OutboxEvent.objects.count() == 1
    assert AuditEntry.objects.filter(label="numbering.VoidedNumber").count() == 1


def test_an_attempt_runs_once_where_nothing_is_to_be_undone_alone(inside):
    runs = []

    def work():
        runs.append(in_unit())
        with savepoint():
            return void_number(number="1")

    assert attempt(work).number == "1"
    assert runs == [True]


def test_an_attempt_is_undone_and_runs_again_with_savepoints_where_a_part_fails(inside):
    runs = []

    def work():
        runs.append(VoidedNumber.objects.count())
        void_number(number="1")
        try:
            with savepoint():
                void_number(number="2")
                raise Refused("STATE", "no")
        except Refused:
            void_number(number="3")

    attempt(work)
    assert runs == [0, 0]  # the second run finds nothing of the first
    assert sorted(VoidedNumber.objects.values_list("number", flat=True)) == ["1", "3"]
    assert sorted(each.data["number"] for each in OutboxEvent.objects.all()) == ["1", "3"]
    assert AuditEntry.objects.filter(label="numbering.VoidedNumber").count() == 2


def test_a_violated_constraint_in_a_part_is_undone_alone_as_well(inside):
    def work():
        void_number(number="1")
        with pytest.raises(Refused), savepoint():
            void_number(number="1")
        void_number(number="2")

    attempt(work)
    assert sorted(VoidedNumber.objects.values_list("number", flat=True)) == ["1", "2"]


def test_an_attempt_that_fails_as_a_whole_leaves_nothing(inside):
    def work():
        void_number(number="1")
        raise Refused("STATE", "no")

    with pytest.raises(Refused):
        attempt(work)
    assert not VoidedNumber.objects.exists()


def test_an_attempt_inside_a_unit_is_a_part_of_it(inside):
    with pytest.raises(ZeroDivisionError), unit_of_work():
        attempt(lambda: void_number(number="1"))
        raise ZeroDivisionError
    assert not VoidedNumber.objects.exists()


def test_a_bulk_update_audits_each_row_that_changes(inside):
    first, second = void_number(number="1"), void_number(number="2", reason="stained")
    with unit_of_work():
        assert VoidedNumber.objects.update(reason="stained") == 2
    found = AuditEntry.objects.filter(verb="update")
    assert [(e.record, e.before, e.after) for e in found] == [(first.pk, {"reason": "misprint"}, {"reason": "stained"})]
    assert second.pk != first.pk


def test_without_a_tenant_nothing_can_be_read(_database):
    with pytest.raises(NoTenant):
        list(NumberSeries.objects.all())
    with pytest.raises(NoContext):
        current()


def test_a_row_of_one_tenant_cannot_be_saved_in_another(inside, other_tenant):
    row = void_number(number="7")
    with entered(other_tenant, actor=inside.actor), unit_of_work():
        row.reason = "stolen"
        with pytest.raises(CrossTenantError):
            row.save()
        assert not VoidedNumber.objects.exists()


def test_one_unit_of_work_belongs_to_one_tenant(inside, other_tenant):
    with unit_of_work(), pytest.raises(NoContext), entered(other_tenant, actor=inside.actor):
        pass
