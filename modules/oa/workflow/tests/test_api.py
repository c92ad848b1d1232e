"""Processes are defined, put into force and decided through the API, by people with the roles that workflow proposes."""

import pytest
from tessera.access.services import assign_role
from tessera.access.services.roles import propose_roles
from tessera.access.tests.people import make_role
from tessera.graph.ids import encode
from tessera.module import modules
from tessera.testing.asking import ask, codes

from modules.oa.workflow.models import ProcessDefinition, ProcessInstance
from modules.oa.workflow.tests.cast import being
from tests.samples.library.services import print_book

DEFINE = """mutation ($input: ProcessDefinitionCreateInput!) { processDefinitionCreate(input: $input)
    { node { id state edition steps conditions } userErrors { code field } } }"""
PUBLISH = "mutation ($id: ID!) { processDefinitionPublish(id: $id) { node { state } userErrors { code } } }"
INBOX = "{ approvalTasks(filter: {state: {eq: OPEN}}) { nodes { id title kind round step requestedBy { name } } } }"


@pytest.fixture
def roles(cast):
    """Give everybody the role of a participant, and ada that of a manager of processes."""
    found = {role.name: role for role in propose_roles(modules=[modules()["workflow"]])}
    for member in (cast.ada, cast.bob, cast.cyd, cast.dan, cast.eve):
        assign_role(member=member, role=found["participant"])
        assign_role(member=member, role=make_role(f"sees people {member.name}", access__member_view="all"))
    assign_role(member=cast.ada, role=found["process_manager"])
    return cast


def process_of(cast, **given):
    steps = [{"title": "Editors", "role": "editors", "rule": "N_OF_M", "needed": 1}, {"members": [str(cast.dan.pk)]}]
    return {"name": "Printing", "kind": "library.Book", "transition": "printed", "steps": steps, **given}


def test_a_process_is_defined_published_and_decided(roles):
    with being(roles.ada):
        made = ask(DEFINE, input=process_of(roles, conditions=[{"fact": "amount", "above": "10"}]))["data"][
            "processDefinitionCreate"
        ]
        assert made["userErrors"] == [] and (made["node"]["state"], made["node"]["edition"]) == ("DRAFT", 1)
        published = ask(PUBLISH, id=made["node"]["id"])["data"]["processDefinitionPublish"]
        assert published == {"node": {"state": "PUBLISHED"}, "userErrors": []}
    with being(roles.bob):
        assert print_book(book=roles.book, pages=10).state == "draft"
    approve = "mutation ($id: ID!) { approvalTaskApprove(id: $id) { node { state } userErrors { code } } }"
    for member, step in ((roles.cyd, 1), (roles.dan, 2)):
        with being(member):
            (task,) = ask(INBOX)["data"]["approvalTasks"]["nodes"]
            assert (task["title"], task["kind"], task["round"], task["step"], task["requestedBy"]["name"]) == (
                str(roles.book), "library.Book", 1, step, "bob",
            )  # fmt: skip
            assert ask(approve, id=task["id"])["data"]["approvalTaskApprove"] == {"node": {"state": "APPROVED"}, "userErrors": []}
            assert ask(INBOX)["data"]["approvalTasks"]["nodes"] == []
    roles.book.refresh_from_db()
    assert roles.book.state == "printed"
    for member in (roles.ada, roles.bob, roles.cyd, roles.dan):  # who manages, asked, or was asked
        with being(member):
            assert history() == [("APPROVED", [(1, 1, "APPROVE", "", "cyd"), (1, 2, "APPROVE", "", "dan")])]
    with being(roles.eve):
        assert history() == []


def history() -> list:
    """Return the requests that the actor sees, each with its votes."""
    asked = "{ processInstances { nodes { state votes { nodes { round step decision comment member { name } } } } } }"
    return [
        (
            each["state"],
            sorted((v["round"], v["step"], v["decision"], v["comment"], v["member"]["name"]) for v in each["votes"]["nodes"]),
        )
        for each in ask(asked)["data"]["processInstances"]["nodes"]
    ]


def test_who_asked_and_who_is_asked_next_read_why_it_was_returned(roles):
    with being(roles.ada):
        key = ask(DEFINE, input=process_of(roles))["data"]["processDefinitionCreate"]["node"]["id"]
        ask(PUBLISH, id=key)
    with being(roles.bob):
        print_book(book=roles.book, pages=10)
    with being(roles.cyd):
        (task,) = ask(INBOX)["data"]["approvalTasks"]["nodes"]
        back = 'mutation ($id: ID!) { approvalTaskReturn(id: $id, input: {comment: "why ten?"}) { userErrors { code } } }'
        assert ask(back, id=task["id"])["data"]["approvalTaskReturn"]["userErrors"] == []
    with being(roles.bob):
        (task,) = ask(INBOX)["data"]["approvalTasks"]["nodes"]
        assert (task["round"], task["step"]) == (2, 0)
        assert history() == [("RUNNING", [(1, 1, "RETURN", "why ten?", "cyd")])]


def test_the_requester_sees_the_own_request_and_others_see_nothing(roles):
    with being(roles.ada):
        key = ask(DEFINE, input=process_of(roles))["data"]["processDefinitionCreate"]["node"]["id"]
        ask(PUBLISH, id=key)
    with being(roles.bob):
        print_book(book=roles.book, pages=10)
        assert ask("{ processInstances { nodes { state } } }")["data"]["processInstances"]["nodes"] == [{"state": "RUNNING"}]
        assert ask(INBOX)["data"]["approvalTasks"]["nodes"] == []
    with being(roles.eve):
        assert ask("{ processInstances { totalCount } approvalTasks { totalCount } }")["data"] == {
            "processInstances": {"totalCount": 0},
            "approvalTasks": {"totalCount": 0},
        }


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"kind": "library.Nothing"}, ("NOT_FOUND", ["input", "kind"])),
        ({"transition": "eaten"}, ("NOT_FOUND", ["input", "transition"])),
        ({"steps": []}, ("REQUIRED", ["input", "steps"])),
        ({"steps": [{"role": "r", "rule": "N_OF_M"}]}, None),
        ({"conditions": [{"fact": "amount"}]}, None),
    ],
)
def test_a_process_that_cannot_work_names_its_fault(roles, given, problem):
    with being(roles.ada):
        errors = ask(DEFINE, input=process_of(roles, **given))["data"]["processDefinitionCreate"]["userErrors"]
    assert errors and all(error["field"][:1] == ["input"] for error in errors)
    assert problem is None or (errors[0]["code"], errors[0]["field"]) == problem
    assert not ProcessDefinition.objects.exists()


def test_a_participant_defines_and_publishes_nothing(roles):
    with being(roles.bob):
        assert codes(ask(DEFINE, input=process_of(roles))) == ["FORBIDDEN"]
    with being(roles.ada):
        key = ask(DEFINE, input=process_of(roles))["data"]["processDefinitionCreate"]["node"]["id"]
    with being(roles.bob):
        refused = ask(PUBLISH, id=key)
        assert (
            codes(refused) == ["FORBIDDEN"] or refused["data"]["processDefinitionPublish"]["userErrors"][0]["code"] == "NOT_FOUND"
        )
    assert ProcessDefinition.objects.get().state == "draft" and not ProcessInstance.objects.exists()


def test_a_foreign_task_is_not_decided_by_its_key(roles):
    with being(roles.ada):
        key = ask(DEFINE, input=process_of(roles))["data"]["processDefinitionCreate"]["node"]["id"]
        ask(PUBLISH, id=key)
    with being(roles.bob):
        print_book(book=roles.book, pages=10)
    task = ProcessInstance.objects.get().tasks.get(assignee=roles.cyd.pk)
    with being(roles.eve):
        refused = ask(
            "mutation ($id: ID!) { approvalTaskApprove(id: $id) { userErrors { code } } }", id=encode("ApprovalTask", task.pk)
        )
        assert refused["data"]["approvalTaskApprove"]["userErrors"] == [{"code": "NOT_FOUND"}]
