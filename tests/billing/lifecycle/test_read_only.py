"""A company that may only be read: whatever people and apps could write is refused, reading and exporting go on."""

from dataclasses import replace

import pytest
from django.core.files.base import ContentFile
from graphql import get_named_type
from tessera.access.services import revoke_token
from tessera.bulk.models import BulkOperation
from tessera.context import ANONYMOUS, EVERYTHING, Actor, acting, enter, system
from tessera.errors import ApiError, Code
from tessera.fields import new_id
from tessera.files.models import StoredFile
from tessera.files.services import create_upload, receive_file
from tessera.graph.schemas import schema_for
from tessera.module import modules
from tessera.permissions import all_permissions
from tessera.testing.asking import ask, codes
from tessera.testing.probing import arguments_text, required_arguments
from tessera.testing.sweep.documents import packed
from tessera.unit_of_work import unit_of_work

from tenants.models import Tenant
from tenants.provisioning import set_access
from tests.tenancy.people import owner_of

ALLOWED = {  # by mutation: what may be done even then
    "accessTokenRevoke",
    "bulkOperationCancel",
    "bulkOperationExport",
    "invitationWithdraw",
    "memberDeactivate",
    "memberSignOut",
    "memberTransferOwnership",
    "moduleArchive",
}
WRITE = "mutation { partyCreate(input: {name: \"Eve\", kind: ORGANISATION}) { node { id } userErrors { code } } }"


def member(permissions):
    return Actor(kind="member", member_id=new_id(), account_id=new_id(), name="ada", grants=dict.fromkeys(permissions, EVERYTHING))


@pytest.fixture
def closed_books(tenant):
    """Be ada, who may everything, in a company that may only be read."""
    ref = replace(tenant.ref(), is_read_only=True)
    with enter(ref, actor=member(all_permissions()), modules=frozenset(modules())) as context:
        yield context


def texts():
    """Yield each mutation with the least that it takes, by its name."""
    mutation = schema_for(frozenset(modules())).mutation_type
    for name, field in sorted(mutation.fields.items()):
        shown = "userErrors { code }" if "userErrors" in get_named_type(field.type).fields else "__typename"
        yield name, f"{name}{arguments_text(required_arguments(field))} {{ {shown} }}"


def test_every_mutation_is_refused_but_those_that_say_so(closed_books):
    fields = schema_for(frozenset(modules())).mutation_type.fields
    declared = {name for name, field in fields.items() if getattr(field.extensions.get("service"), "while_read_only", False)}
    assert declared == ALLOWED
    assert len(fields) > 200
    passed = {name for name, text in texts() if codes(ask(f"mutation {{ {text} }}")) != ["READ_ONLY"]}
    assert passed == declared


def test_it_is_said_what_to_do(closed_books):
    (error,) = ask(WRITE)["errors"]
    assert error["message"] == (
        "This company can only be read and exported at the moment. Once an owner has paid what is due, or chosen a plan, in Billing, "
        "everything works again at once."
    )


def test_reading_and_exporting_go_on(closed_books):
    body = ask('{ parties { totalCount } }')
    assert "errors" not in body
    started = ask('mutation { bulkOperationExport(input: {query: "{ parties { nodes { id } } }"}) { node { state } } }')
    assert started["data"]["bulkOperationExport"]["node"] == {"state": "WAITING"}
    with acting(system("worker")):
        assert run_slice(BulkOperation.objects.get().pk)
    assert BulkOperation.objects.get().state == "done"


def test_a_file_that_was_announced_is_not_taken_any_more(tenant, as_member):
    ada = as_member("files.file_upload_create")
    row = create_upload(filename="x.txt", size=1)
    StoredFile.objects.filter(pk=row.pk)
    with enter(replace(ada.tenant, is_read_only=True), actor=system("an address"), modules=ada.modules), pytest.raises(ApiError) as told:
        read = []
        with acting(ANONYMOUS):
            receive_file(key=row.pk, chunks=(read.append(1) or b"x" for _ in range(1)))
    assert (told.value.code, read) == (Code.READ_ONLY, [])


def test_an_import_that_was_begun_stops_and_keeps_what_it_did(tenant, inside):
    pass


def test_what_the_system_does_goes_on(closed_books):
    with acting(system("relay")), unit_of_work():
        pass
    with acting(ANONYMOUS), pytest.raises(ApiError) as told, unit_of_work():
        pass
    assert told.value.code == Code.READ_ONLY


def test_whoever_signs_in_with_a_token_reads_and_is_told_why_nothing_is_written(tenant):
    ada = owner_of(tenant)
    set_access(tenant=tenant, access=Tenant.Access.READ_ONLY)
    assert ada.data("{ parties { totalCount } }")["parties"]["totalCount"] >= 0
    assert ada.codes(WRITE) == ["READ_ONLY"]
    set_access(tenant=tenant, access=Tenant.Access.FULL)
    assert ada.ask(WRITE).get("errors") is None
