"""A company that may only be read: whatever people and apps could write is refused, reading and exporting go on."""

from dataclasses import replace

import pytest
from django.conf import settings
from django.test import Client
from graphql import get_named_type
from tessera.bulk.services import importing
from tessera.bulk.services.running import run_slice
from tessera.bulk.tests.hands import RIGHTS, run, start_export, start_import
from tessera.context import ANONYMOUS, EVERYTHING, Actor, acting, enter, system
from tessera.errors import ApiError, Code
from tessera.fields import new_id
from tessera.files.services import create_upload, receive_file
from tessera.graph.schemas import schema_for
from tessera.module import modules
from tessera.permissions import all_permissions
from tessera.testing.asking import ask, codes
from tessera.testing.plugin import entered
from tessera.testing.probing import arguments_text, required_arguments
from tessera.unit_of_work import unit_of_work

from modules.base.api import create_party
from modules.base.tests.factories import make_company
from modules.crm.service.services import send_survey, token_of
from tenants.directory import modules_on
from tenants.models import Tenant
from tenants.provisioning import set_access
from tests.samples.library.models import Author
from tests.tenancy.people import owner_of

ALLOWED = {  # what may be done even then: to pay, to export, and to end an access
    "accessTokenRevoke",
    "billingCancel",
    "billingCancelUndo",
    "billingChange",
    "billingCheckout",
    "billingCheckoutChosen",
    "billingCodeApply",
    "billingCodeRemove",
    "billingContactUpdate",
    "billingPause",
    "billingPortal",
    "billingResume",
    "billingSpendCapRemove",
    "billingSpendCapSet",
    "billingTaxIdAdd",
    "billingTaxIdRemove",
    "bulkOperationCancel",
    "bulkOperationExport",
    "invitationWithdraw",
    "memberDeactivate",
    "memberSignOut",
    "memberMakeOwner",
    "moduleArchive",
}
WRITE = 'mutation { authorCreate(input: {name: "Ann"}) { node { id } userErrors { code } } }'


def member(*permissions):
    return Actor(
        kind="member", member_id=new_id(), account_id=new_id(), name="ada", grants=dict.fromkeys(permissions, EVERYTHING)
    )


def closed(tenant, actor):
    """Enter a company that may only be read."""
    return enter(replace(tenant.ref(), is_read_only=True), actor=actor, modules=modules_on(tenant))


@pytest.fixture
def ada(tenant):
    with closed(tenant, member(*all_permissions())) as context:
        yield context.actor


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def fields():
    return schema_for(frozenset(modules())).mutation_type.fields


def least(name):
    """Return a mutation with the least that it takes."""
    field = fields()[name]
    shown = "userErrors { code }" if "userErrors" in get_named_type(field.type).fields else "__typename"
    return f"mutation {{ {name}{arguments_text(required_arguments(field))} {{ {shown} }} }}"


def test_every_mutation_is_refused_but_those_that_say_so(ada):
    found = fields()
    declared = {name for name, field in found.items() if getattr(field.extensions.get("service"), "while_read_only", False)}
    assert declared == ALLOWED
    assert len(found) > 200
    assert {name for name in found if codes(ask(least(name))) != ["READ_ONLY"]} == declared


def test_it_is_said_what_to_do(ada):
    (error,) = ask(WRITE)["errors"]
    assert error["message"] == (
        "This company can only be read and exported at the moment. Once an owner has paid what is due, or chosen a plan, in Billing, "
        "everything works again at once."
    )


def test_reading_and_exporting_go_on(ada, monkeypatch):
    assert ask("{ authors { totalCount } }") == {"data": {"authors": {"totalCount": 0}}}
    monkeypatch.setattr("tessera.bulk.services.running.person_of", lambda _operation: ada)
    operation = start_export()
    with acting(system("worker")):
        assert run(operation).state == "done"


def test_an_import_that_was_begun_stops_and_what_it_did_stays(tenant, inside, monkeypatch, settings):
    settings.TESSERA_BULK_SLICE = 0.0
    monkeypatch.setattr(importing, "AT_A_STEP", 2)
    monkeypatch.setattr("tessera.bulk.services.running.person_of", lambda _operation: member(*RIGHTS))
    operation = start_import(*({"input": {"name": f"Author {number}"}} for number in range(5)))
    run_slice(operation.pk)
    with closed(tenant, system("worker")):
        run(operation)
    assert (operation.state, operation.error_code, operation.rows_done) == ("failed", "READ_ONLY", 2)
    assert Author.objects.count() == 2


def test_of_a_file_that_was_announced_no_byte_is_taken_any_more(tenant, as_member, monkeypatch):
    bob = as_member("files.file_upload_create").actor
    monkeypatch.setattr("tessera.files.services.receiving.actor_of_member", lambda _member: bob)
    row = create_upload(filename="x.txt", size=1)
    read = []
    with closed(tenant, ANONYMOUS), pytest.raises(ApiError) as told:
        receive_file(key=row.pk, chunks=(read.append(1) or b"x" for _ in range(1)))
    assert (told.value.code, read) == (Code.READ_ONLY, [])


def test_strangers_and_apps_are_refused_and_what_the_system_does_goes_on(tenant):
    for actor in (ANONYMOUS, replace(member(*RIGHTS), app="an app")):
        with closed(tenant, actor), pytest.raises(ApiError) as told, unit_of_work():
            pass
        assert told.value.code == Code.READ_ONLY
    handler, in_whose_name = system("relay"), member(*RIGHTS)
    with closed(tenant, handler), unit_of_work(), acting(in_whose_name), unit_of_work():
        Author(name="Ann").save()
    with closed(tenant, system("test")):
        assert Author.objects.get().name == "Ann"


def test_over_http_the_next_request_knows(tenant):
    ada = owner_of(tenant)
    set_access(tenant=tenant, access=Tenant.Access.READ_ONLY)
    assert ada.codes(WRITE) == ["READ_ONLY"]
    assert ada.data("{ authors { totalCount } }")["authors"]["totalCount"] == 0
    set_access(tenant=tenant, access=Tenant.Access.FULL)
    assert ada.data(WRITE)["authorCreate"]["userErrors"] == []


def test_tasks_know_it_too(tenant):
    from tenants.directory import find

    assert find(tenant.pk)[0].is_read_only is False
    set_access(tenant=tenant, access=Tenant.Access.READ_ONLY)
    assert find(tenant.pk)[0].is_read_only is True


def test_a_customers_answer_is_not_taken_and_the_page_says_so(tenant):
    with entered(tenant, actor=system("test")):
        about = {"kind": "orders.SalesOrder", "document": new_id(), "number": "SO-1"}
        survey = send_survey(**about, company=make_company(), party=create_party(name="Alfreds"))
        path = f"/public/surveyAnswer/{token_of(survey)}"
    customer = Client(HTTP_HOST=f"a.{settings.BASE_DOMAIN}")
    set_access(tenant=tenant, access=Tenant.Access.READ_ONLY)
    answer = customer.post(path, {"score": "2"})
    assert (answer.status_code, "Please try again later." in answer.content.decode()) == (400, True)
    set_access(tenant=tenant, access=Tenant.Access.FULL)
    assert customer.post(path, {"score": "2"}).status_code == 200
