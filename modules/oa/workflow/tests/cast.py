"""Who plays: bob asks, ada is his manager, cyd and dan approve, eve belongs to nobody's process."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from tessera.access.models import Member
from tessera.access.selectors import actor_of_member
from tessera.access.services import assign_role
from tessera.access.tests.people import make_role
from tessera.context import acting
from tessera.fields import new_id
from tessera.unit_of_work import unit_of_work

from modules.base.models import Assignment, Company, MemberPerson, OrgUnit, Party
from modules.oa.workflow.models import ApprovalTask, ProcessInstance
from modules.oa.workflow.services import define_process, publish_process
from modules.oa.workflow.steps import ProcessStep
from tests.samples.library.models import Author, Book

RIGHTS = ("task_decide", "task_hand_on", "request_withdraw", "delegation_create", "approval_task_view")


class Cast:
    """The people of the play, with a role each needs, and bob's book."""

    def __init__(self) -> None:
        self.everyone = make_role("everyone", **{f"workflow__{right}": "own" for right in RIGHTS})
        self.printers = make_role("printers", library__book_print="all")
        self.editors = make_role("editors", library__author_view="all")
        self.ada, self.bob, self.cyd, self.dan, self.eve = (self.member(n) for n in ("ada", "bob", "cyd", "dan", "eve"))
        assign_role(member=self.bob, role=self.printers)
        for each in (self.cyd, self.dan):
            assign_role(member=each, role=self.editors)
        self.book = self.make_book("Tides", "12.00")

    def member(self, name: str) -> Member:
        with unit_of_work():
            made = Member(account_id=new_id(), email=f"{name}@example.com", name=name, state=Member.State.ACTIVE)
            made.save()
        assign_role(member=made, role=self.everyone)
        return made

    def make_book(self, title: str, price: str) -> Book:
        with unit_of_work():
            author = Author(name=f"Author of {title}")
            author.save()
            made = Book(author=author, title=title, price=price)
            made.save()
        return Book.objects.get(pk=made.pk)

    def manage(self, manager: Member, worker: Member) -> None:
        """Make one member the manager of another."""
        with unit_of_work():
            company = Company(code="main", name="Main", currency="EUR", country="DE", party=None)
            company.save()
            unit = OrgUnit(company=company, code="u", name="Unit")
            unit.save()
            persons = []
            for member in (manager, worker):
                person = Party(kind=Party.Kind.PERSON, name=member.name, code=member.name)
                person.save()
                MemberPerson(member=member.pk, person=person).save()
                persons.append(person)
            Assignment(person=persons[1], unit=unit, manager=persons[0], valid_from=date(2020, 1, 1)).save()


@contextmanager
def being(member: Member) -> Iterator[Any]:
    """Act as a member."""
    with acting(actor_of_member(member.pk)) as context:
        yield context


def process(*steps: ProcessStep, **given: Any) -> Any:
    """Publish a process for printing books."""
    made = define_process(**{"name": "Printing", "kind": "library.Book", "transition": "printed", "steps": list(steps), **given})
    return publish_process(definition=made)


def asked() -> list[str]:
    """Return the names of the members who are asked now, in order."""
    names = dict(Member.objects.values_list("pk", "name"))
    tasks = ApprovalTask.objects.filter(state=ApprovalTask.State.OPEN).order_by("position", "id")
    return [names[task.assignee] for task in tasks]


def task_of(member: Member) -> ApprovalTask:
    """Return what a member is asked now."""
    return ApprovalTask.objects.get(assignee=member.pk, state=ApprovalTask.State.OPEN)


def request() -> ProcessInstance:
    """Return the latest request."""
    return ProcessInstance.objects.latest("id")
