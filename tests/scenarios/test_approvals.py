"""Approvals driven through GraphQL, each verb by somebody who holds just the right to it."""

import pytest
from tessera.access.services import assign_role
from tessera.access.tests.people import make_role
from tessera.graph.ids import encode
from tessera.testing.asking import ask

from modules.oa.workflow.steps import ProcessStep, StepRule
from modules.oa.workflow.tests.cast import Cast, asked, being, process, request, task_of
from tests.samples.library.services import print_book


@pytest.fixture
def cast(inside) -> Cast:
    return Cast()


def held(cast: Cast, *steps: ProcessStep) -> None:
    process(*steps)
    with being(cast.bob):
        print_book(book=cast.book, pages=10)


def tell(member, verb: str, text: str = "") -> list[str]:
    """Let a member say something of its task; return the codes of what was wrong."""
    key = encode("ApprovalTask", task_of(member).pk)
    given = f", input: {{{text}}}" if text else ""
    with being(member):
        name = f"approvalTask{verb}"
        body = ask(f'mutation {{ {name}(id: "{key}"{given}) {{ node {{ id }} userErrors {{ code }} }} }}')
    assert "errors" not in body, body
    return [error["code"] for error in body["data"][name]["userErrors"]]


def of_request(member, verb: str, text: str = "") -> dict:
    key = encode("ProcessInstance", request().pk)
    given = f", input: {{{text}}}" if text else ""
    with being(member):
        return ask(f'mutation {{ processInstance{verb}(id: "{key}"{given}) {{ userErrors {{ code }} }} }}')


def three(cast: Cast, **rule) -> ProcessStep:
    return ProcessStep(members=[cast.ada.pk, cast.cyd.pk, cast.dan.pk], **rule)


def test_a_task_is_delegated_transferred_and_approved(cast):
    held(cast, ProcessStep(members=[cast.cyd.pk]))
    assert tell(cast.cyd, "Delegate", f'member: "{cast.dan.pk}"') == []
    assert task_of(cast.dan).acting_for == cast.cyd.pk
    assert tell(cast.dan, "Transfer", f'member: "{cast.eve.pk}"') == []
    assert tell(cast.eve, "Transfer", f'member: "{cast.bob.pk}"') == ["FORBIDDEN"]
    assert tell(cast.eve, "Approve") == []
    cast.book.refresh_from_db()
    assert (request().state, cast.book.state) == ("approved", "printed")


def test_two_of_three_decide(cast):
    held(cast, three(cast, rule=StepRule.N_OF_M, needed=2))
    assert tell(cast.ada, "Reject", 'comment: "no"') == []
    assert tell(cast.cyd, "Approve") == []
    assert request().state == "running"
    assert tell(cast.dan, "Approve") == []
    assert request().state == "approved"


def test_a_sequence_is_asked_one_after_the_other(cast):
    held(cast, three(cast, sequential=True))
    for member in (cast.ada, cast.cyd, cast.dan):
        assert asked() == [member.name]
        assert tell(member, "Approve") == []
    assert request().state == "approved"


def test_a_returned_request_is_answered_and_a_second_one_withdrawn(cast):
    held(cast, ProcessStep(members=[cast.cyd.pk]))
    assert tell(cast.cyd, "Return", 'comment: "why?"') == []
    assert asked() == ["bob"]
    assign_role(member=cast.bob, role=make_role("askers", workflow__process_instance_view="own"))
    assert of_request(cast.bob, "Resubmit", 'comment: "short"')["data"]["processInstanceResubmit"] == {"userErrors": []}
    assert (request().round, asked()) == (2, ["cyd"])
    refused = of_request(cast.eve, "Withdraw")
    assert request().state == "running", refused
    assert of_request(cast.bob, "Withdraw")["data"]["processInstanceWithdraw"] == {"userErrors": []}
    assert (request().state, asked()) == ("withdrawn", [])
