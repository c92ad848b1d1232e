"""The operators' pages open for staff with a second factor on the accounts host; for everybody else there is nothing there."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from tessera.accounts.models import Account, Membership
from tessera.accounts.operators.gate import GOOD_FOR
from tessera.accounts.operators.jobs import forget_failed_jobs, keep_failure
from tessera.accounts.operators.models import FailedJob, OperatorAct
from tessera.accounts.operators.rights import OPERATOR_RIGHTS
from tessera.accounts.operators.services import Operator, record_act
from tessera.accounts.operators.site import site
from tessera.accounts.tests.hosts import PASSWORD, Browser, host_of, join, make_account
from tessera.accounts.tests.operators import code_of, operator, signed_in
from tessera.errors import Refused

PATHS = [
    "/operators",
    "/operators/",
    "/operators/tenants/tenant/",
    "/operators/jsi18n/",
    "/operators/login/",
    "/operators/nothing/",
]


@pytest.fixture
def olga(browser, settings):
    settings.ROOT_URLCONF = "tessera.urls"
    return operator()


def test_an_operator_signs_in_by_the_houses_own_way_and_comes_back(olga):
    browser = Browser()
    client = browser.on(host_of())
    asked = client.get("/operators/tenants/tenant/")
    assert asked["Location"] == "/account/login/?next=/operators/tenants/tenant/"
    client.post(asked["Location"], {"login": olga[0].email, "password": PASSWORD})
    back = client.post("/account/2fa/authenticate/", {"code": code_of(olga[1])})
    assert back["Location"] == "/operators/tenants/tenant/"
    page = client.get("/operators/")
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]


def test_there_is_no_second_form_for_passwords(olga):
    client = signed_in(olga[0].email, olga[1])
    for path in ("/operators/login/", "/operators/logout/", "/operators/password_change/"):
        assert client.get(path).status_code == 404
        assert Client(HTTP_HOST=host_of()).get(path).status_code == 302


@pytest.mark.parametrize("path", PATHS)
def test_on_every_companys_host_it_is_as_unknown_as_any_address(olga, tenant, path):
    client = signed_in(olga[0].email, olga[1])
    unknown = Client(HTTP_HOST=host_of(tenant)).get("/nothing-of-the-kind")
    for host in (host_of(tenant), "nobody.example"):
        strange = unknown if host != "nobody.example" else Client(HTTP_HOST=host).get("/")
        for asking in (Client(HTTP_HOST=host), client):
            for method in ("get", "post"):
                answer = getattr(asking, method)(path, HTTP_HOST=host)
                assert (answer.status_code, answer.content, dict(answer.headers)) == (404, strange.content, dict(strange.headers))


def test_the_people_of_companies_find_nothing_there(olga, browser, tenant):
    bob = make_account("bob@example.com")
    join(tenant, bob)
    browser.sign_in("bob@example.com")
    client = browser.on(host_of())
    client.get("/nothing-of-the-kind")  # the first page says that he has signed in
    unknown = client.get("/nothing-of-the-kind")
    for path in PATHS:
        answer = client.get(path)
        assert (answer.status_code, answer.content) == (404, unknown.content)


def test_staff_that_joined_a_company_are_out(olga, tenant):
    client = signed_in(olga[0].email, olga[1])
    assert client.get("/operators/").status_code == 200
    Membership.objects.create(account=olga[0], tenant_id=tenant.id)
    assert client.get("/operators/").status_code == 404


def test_without_a_second_factor_an_operator_is_sent_to_set_one_up(browser, settings):
    settings.ROOT_URLCONF = "tessera.urls"
    account, _secret = operator("otto@tessera.example")
    account.authenticator_set.all().delete()
    browser.sign_in(account.email)
    client = browser.on(host_of())
    assert client.get("/operators/")["Location"] == "/account/2fa/"


def test_the_second_factor_is_asked_for_again_after_a_working_day(olga, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    client = signed_in(olga[0].email, olga[1])
    assert client.get("/operators/").status_code == 200
    time_machine.shift(GOOD_FOR + timedelta(seconds=1))
    assert client.get("/operators/")["Location"] == "/account/2fa/reauthenticate/?next=%2Foperators%2F"
    again = client.post("/account/2fa/reauthenticate/?next=/operators/", {"code": code_of(olga[1])})
    assert again["Location"] == "/operators/"
    assert client.get("/operators/").status_code == 200


def test_who_is_no_operator_any_more_is_out_at_once(olga):
    client = signed_in(olga[0].email, olga[1])
    call_command("operator", "end", olga[0].email)
    assert client.get("/operators/").status_code == 404


def test_the_command_makes_lists_and_ends_operators_and_all_of_it_is_recorded(_database, capsys):
    right = next(iter(OPERATOR_RIGHTS))
    call_command("operator", "make", "Otto@Tessera.example", "--right", right)
    made = Account.objects.get(email="otto@tessera.example")
    assert (made.is_staff, made.operator_rights, made.has_usable_password()) == (True, [right], False)
    assert "/account/password/reset/" in capsys.readouterr().out
    call_command("operator", "make", "otto@tessera.example", "--all-rights")
    call_command("operator", "list")
    assert ", ".join(sorted(OPERATOR_RIGHTS)) in capsys.readouterr().out
    call_command("operator", "rights")
    assert right in capsys.readouterr().out
    call_command("operator", "end", "otto@tessera.example")
    made.refresh_from_db()
    assert (made.is_staff, made.operator_rights) == (False, [])
    acts = OperatorAct.objects.order_by("done_at").values_list("name", "act", "subject", "details")
    assert list(acts) == [
        ("manage.py", "operator.make", "otto@tessera.example", {"rights": [right]}),
        ("manage.py", "operator.make", "otto@tessera.example", {"rights": sorted(OPERATOR_RIGHTS)}),
        ("manage.py", "operator.end", "otto@tessera.example", {}),
    ]


def test_it_makes_none_of_somebody_of_a_company_or_with_a_right_that_is_none(browser, tenant):
    join(tenant, make_account("bob@example.com"))
    with pytest.raises(CommandError, match="belongs to a company"):
        call_command("operator", "make", "bob@example.com")
    with pytest.raises(CommandError, match=r"There is no right billing\.everything"):
        call_command("operator", "make", "otto@tessera.example", "--right", "billing.everything")
    with pytest.raises(CommandError, match="no e-mail address"):
        call_command("operator", "make", "otto")
    with pytest.raises(CommandError, match="There is no operator"):
        call_command("operator", "end", "bob@example.com")
    assert not Account.objects.filter(is_staff=True).exists()


def test_rights_without_being_an_operator_cannot_be_kept(_database):
    with pytest.raises(IntegrityError), transaction.atomic(using="shared"):
        Account.objects.create(email="otto@tessera.example", operator_rights=["billing.favour_grant"])


def test_an_operator_says_why_and_within_the_deed(_database):
    olga = Operator("olga", UUID(int=1), frozenset())
    with pytest.raises(Refused) as refused:
        record_act(olga, "event.release", subject="it", key=1, reason="  ")
    assert refused.value.problems[0].code == "REQUIRED"
    with pytest.raises(Refused) as refused:
        olga.demand("billing.favour_grant")
    assert refused.value.problems[0].code == "FORBIDDEN"


def test_jobs_that_fail_are_counted_by_task_company_and_error(_database, time_machine):
    time_machine.move_to(timezone.now(), tick=False)

    class Task:
        name = "billing.live"

    for error in (ValueError("one"), ValueError("two"), KeyError("x")):
        keep_failure(sender=Task(), exception=error, kwargs={"tenant_id": str(UUID(int=7))})
    keep_failure(sender=Task(), exception=ValueError("of nobody"), kwargs={})
    rows = FailedJob.objects.order_by("error", "tenant_id").values_list("error", "tenant_id", "message", "times")
    assert set(rows) == {
        ("KeyError", UUID(int=7), "'x'", 1),
        ("ValueError", UUID(int=7), "two", 2),
        ("ValueError", None, "of nobody", 1),
    }
    time_machine.shift(timedelta(days=31))
    assert forget_failed_jobs() == 3


def test_every_record_is_only_shown(_database):
    for model, shown in site._registry.items():
        assert not shown.has_add_permission(None) and not shown.has_delete_permission(None), model
        assert not shown.has_change_permission(None), model
        assert {each.name.partition(f"{model._meta.model_name}_")[2] for each in shown.get_urls()} <= {
            "changelist", "change", *(act.name for act in shown.acts),
        }  # fmt: skip
