"""A document waits for exactly the processes that apply to it, and its approval covers exactly its content."""

from decimal import Decimal

import pytest
from tessera.audit.models import AuditEntry
from tessera.errors import Refused
from tessera.lineage.models import TransitionHold
from tessera.outbox.models import OutboxEvent
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work

from modules.oa.workflow.models import ApprovalTask, ProcessInstance
from modules.oa.workflow.services import approve_task, define_process, publish_process, reject_task, retry_request
from modules.oa.workflow.steps import ProcessCondition, ProcessStep, StepRule
from modules.oa.workflow.tests.cast import asked, being, process, request, task_of
from tests.samples.library.services import print_book

EDITORS = ProcessStep(role="editors")
State = ProcessInstance.State


def ask_to_print(cast, pages: int = 10):
    with being(cast.bob):
        return print_book(book=cast.book, pages=pages)


def approve(member):
    with being(member):
        return approve_task(task=task_of(member))


def test_without_a_process_nothing_waits(cast):
    assert ask_to_print(cast).state == "printed"


def test_a_document_waits_and_nothing_of_the_transition_is_kept(cast):
    process(EDITORS)
    held = ask_to_print(cast)
    assert (held.state, held.pages) == ("draft", None)
    hold = TransitionHold.objects.get()
    assert (hold.state, hold.requested_by, hold.process_instance) == ("waiting", cast.bob.pk, request().pk)
    assert asked() == ["cyd", "dan"]


def test_the_last_approval_runs_the_transition_as_the_requester(cast):
    process(EDITORS)
    ask_to_print(cast)
    approve(cast.cyd)
    cast.book.refresh_from_db()
    assert cast.book.state == "draft"
    approve(cast.dan)
    cast.book.refresh_from_db()
    assert (cast.book.state, cast.book.pages) == ("printed", 10)
    assert request().state == State.APPROVED
    assert TransitionHold.objects.get().state == "released"
    written = AuditEntry.objects.get(record=cast.book.pk, verb="update")
    assert written.actor == cast.bob.pk


def test_the_facts_of_a_request_are_told_in_order(cast):
    process(ProcessStep(members=[cast.cyd.pk]))
    ask_to_print(cast)
    approve(cast.cyd)
    told = OutboxEvent.objects.filter(subject=request().pk).order_by("seq").values_list("name", flat=True)
    assert list(told) == [
        "workflow.instance_started",
        "workflow.task_opened",
        "workflow.instance_approved",
        "workflow.instance_ended",
    ]


def test_a_threshold_decides_whether_a_process_applies(cast):
    process(EDITORS, conditions=[ProcessCondition("amount", above=Decimal("12.00"))])
    assert ask_to_print(cast).state == "printed"
    cast.book = cast.make_book("Storms", "12.01")
    assert ask_to_print(cast).state == "draft"
    assert request().facts == {"amount": "12.0100"}


def test_a_condition_that_cannot_be_judged_refuses(cast):
    process(EDITORS, conditions=[ProcessCondition("weight", above=Decimal(1))])
    with pytest.raises(Refused) as refusal:
        ask_to_print(cast)
    assert refusal.value.problems[0].code == "STATE"


def test_asking_twice_is_refused(cast):
    process(EDITORS)
    ask_to_print(cast)
    with pytest.raises(Refused) as refusal:
        ask_to_print(cast)
    assert refusal.value.problems[0].code == "STATE"
    assert ProcessInstance.objects.count() == 1


def change_price(book, price: str) -> None:
    with unit_of_work():
        book.refresh_from_db()
        book.price = Decimal(price)
        book.save()
    book.refresh_from_db()


def test_an_approval_of_other_content_does_not_count(cast):
    process(ProcessStep(members=[cast.cyd.pk]))
    ask_to_print(cast)
    change_price(cast.book, "99.00")
    task = approve(cast.cyd)
    cast.book.refresh_from_db()
    assert (task.state, request().state, cast.book.state) == (ApprovalTask.State.DROPPED, State.VOID, "draft")
    assert TransitionHold.objects.get().state == "void"


def test_asking_again_after_an_edit_replaces_the_waiting_request(cast):
    process(ProcessStep(members=[cast.cyd.pk]))
    ask_to_print(cast)
    change_price(cast.book, "99.00")
    ask_to_print(cast)
    assert list(ProcessInstance.objects.order_by("id").values_list("state", flat=True)) == [State.VOID, State.RUNNING]
    assert list(TransitionHold.objects.order_by("id").values_list("state", flat=True)) == ["void", "waiting"]
    approve(cast.cyd)
    cast.book.refresh_from_db()
    assert cast.book.state == "printed"


def test_two_processes_are_gone_through_in_their_order(cast):
    process(ProcessStep(members=[cast.dan.pk]), order=2, name="Second")
    process(ProcessStep(members=[cast.cyd.pk]), order=1, name="First")
    ask_to_print(cast)
    assert asked() == ["cyd"]
    approve(cast.cyd)
    cast.book.refresh_from_db()
    assert (asked(), cast.book.state) == (["dan"], "draft")
    approve(cast.dan)
    cast.book.refresh_from_db()
    assert cast.book.state == "printed"
    assert TransitionHold.objects.get().state == "released"


def test_a_new_edition_takes_the_place_of_the_old_one(cast):
    first = process(ProcessStep(members=[cast.cyd.pk]))
    second = process(ProcessStep(members=[cast.dan.pk]))
    first.refresh_from_db()
    assert (first.state, second.state, second.edition) == ("retired", "published", 2)
    ask_to_print(cast)
    assert asked() == ["dan"]


def test_a_rejection_ends_the_request_and_frees_the_document(cast):
    process(ProcessStep(members=[cast.cyd.pk]))
    ask_to_print(cast)
    with being(cast.cyd):
        reject_task(task=task_of(cast.cyd), comment="too short")
    hold = TransitionHold.objects.get()
    assert (request().state, hold.state, hold.reason) == (State.REJECTED, "rejected", "too short")
    assert ask_to_print(cast).state == "draft"
    assert ProcessInstance.objects.filter(state=State.RUNNING).count() == 1


def test_without_anybody_to_decide_the_transition_is_refused(cast):
    process(ProcessStep(role="nobody_has_this"))
    with pytest.raises(Refused) as refusal:
        ask_to_print(cast)
    assert refusal.value.problems[0].field == ("approvers",)
    assert not TransitionHold.objects.exists()


def test_with_workflow_off_nothing_waits(cast, tenant, inside):
    process(EDITORS)
    with entered(tenant, actor=inside.actor, modules=inside.modules - {"workflow"}):
        assert print_book(book=cast.book, pages=1).state == "printed"


def test_a_transition_refused_after_approval_waits_with_its_reason(cast):
    """bob lost the right meanwhile; given back, he tries again."""
    process(ProcessStep(members=[cast.cyd.pk]))
    ask_to_print(cast)
    from tessera.access.models import RoleAssignment
    from tessera.access.services import assign_role
    from tessera.access.services.roles import rights_changed

    with unit_of_work():
        RoleAssignment.objects.filter(member=cast.bob, role=cast.printers).delete()
        rights_changed()
    approve(cast.cyd)
    hold = TransitionHold.objects.get()
    assert (hold.state, hold.reason) == ("waiting", "This needs the right library.book_print.")
    assert request().state == State.APPROVED
    assign_role(member=cast.bob, role=cast.printers)
    with being(cast.bob):
        retry_request(instance=request())
    cast.book.refresh_from_db()
    assert (cast.book.state, TransitionHold.objects.get().state) == ("printed", "released")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "library.Nothing"}, ("kind",)),
        ({"kind": "library.Author"}, ("kind",)),
        ({"kind": "x"}, ("kind",)),
        ({"transition": "eaten"}, ("transition",)),
        ({"steps": []}, ("steps",)),
        ({"steps": [ProcessStep()]}, ("steps", "0", "role")),
        ({"steps": [ProcessStep(role="r", rule=StepRule.N_OF_M)]}, ("steps", "0", "needed")),
        ({"steps": [ProcessStep(role="r", rule=StepRule.ANY, needed=2)]}, ("steps", "0", "needed")),
        ({"steps": [ProcessStep(role="r", rule=StepRule.N_OF_M, needed=0)]}, ("steps", "0", "needed")),
        ({"conditions": [ProcessCondition("amount")]}, ("conditions", "0", "above")),
        ({"conditions": [ProcessCondition("", above=Decimal(1))]}, ("conditions", "0", "fact")),
        ({"conditions": [ProcessCondition("amount", Decimal(2), Decimal(1))]}, ("conditions", "0", "up_to")),
    ],
)
def test_a_process_that_cannot_work_is_refused(inside, given, field):
    whole = {"name": "x", "kind": "library.Book", "transition": "printed", "steps": [EDITORS], **given}
    with pytest.raises(Refused) as refusal:
        define_process(**whole)
    assert refusal.value.problems[0].field == field


def test_a_published_edition_cannot_be_published_again(cast):
    made = process(EDITORS)
    with pytest.raises(Refused):
        publish_process(definition=made)
