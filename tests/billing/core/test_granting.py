"""What was bought comes on by itself, what is not paid any more goes off and keeps its data, and nobody else's wish is touched."""

from datetime import timedelta

import pytest
from django.utils import timezone
from tessera.module import closure
from tessera.testing.contract.life import checksums

from billing.entitlements import granting
from billing.models import Entitlement, ModuleGrant, TrialExtension
from billing.tasks import sweep
from tenants import switching, tasks
from tenants.installations import disable_module
from tenants.models import Installation, Tenant
from tenants.provisioning import create_tenant, set_state
from tests.billing.core.shop import entitled, wished
from tests.billing.ready import _ready  # noqa: F401
from tests.tenancy.people import owner_of

ENABLE = """mutation($modules: [String!]!) { it: moduleEnable(input: {modules: $modules}) {
    result { modules { label state } } userErrors { field code message } } }"""
ENTITLEMENTS = """{ billingEntitlements { access notice seats rechecked_at: recheckedAt quotas { name limit soft }
    modules { module entitled reasons { holds cause source product message } } reasons { holds cause source message } } }"""
EXPLAIN = """query($module: String!) { explainEntitlement(module: $module) {
    module title entitled reasons { holds cause source product message } } }"""
CRM = {"crm", "sales", "orders", "service", "workflow", "base"}


@pytest.fixture
def acme(_database):
    return create_tenant(company="Acme", slug="acme")


@pytest.fixture
def jobs(monkeypatch):
    """Count the jobs that are sent, and send none."""
    sent = []
    monkeypatch.setattr(granting, "enqueue", sent.append)
    monkeypatch.setattr(switching, "enqueue", sent.append)
    return sent


def on(tenant):
    return set(Installation.objects.filter(tenant=tenant, state="on").values_list("module", flat=True))


def work(tenant):
    tasks.finish_switching(tenant_id=str(tenant.id))


def test_what_was_bought_comes_on_and_what_it_might_have_does_not(shop, acme):
    customer = shop.customer(acme)
    shop.buys(customer, "module.stock.month.usd")
    shop.works()
    assert wished(acme) == {"stock": "enabling"}
    assert Installation.objects.get(tenant=acme, module="stock").asked_by_name == "billing"
    work(acme)
    assert on(acme) == {"base", "stock"}
    assert set(entitled(acme).bought) == {"base", "stock"}


def test_what_is_lost_goes_off_and_comes_back_with_its_data(shop, acme):
    customer = shop.customer(acme)
    shop.buys(customer, "starter.month.usd")
    stock = shop.buys(customer, "module.stock.month.usd")
    shop.works()
    work(acme)
    assert on(acme) == CRM | {"stock"}
    before = checksums(acme, closure(["stock"]))
    shop.v1.subscriptions.cancel(stock.id)
    shop.works()
    assert wished(acme) == {"stock": "disabling"}
    work(acme)
    assert (on(acme), wished(acme)) == (CRM, {"stock": "off"})
    assert checksums(acme, closure(["stock"])) == before
    shop.buys(customer, "module.stock.month.usd")
    shop.works()
    work(acme)
    assert on(acme) == CRM | {"stock"}
    assert checksums(acme, closure(["stock"])) == before


def test_a_part_that_is_bought_for_itself_outlives_its_bundle(shop, acme):
    customer = shop.customer(acme)
    plan = shop.buys(customer, "starter.month.usd")
    shop.buys(customer, "module.sales.month.usd")
    shop.works()
    work(acme)
    shop.v1.subscriptions.cancel(plan.id)
    shop.works()
    work(acme)
    assert on(acme) == {"base", "orders", "sales"}


def test_what_its_people_switched_off_stays_off_though_it_is_paid(shop, acme):
    customer = shop.customer(acme)
    shop.buys(customer, "module.stock.month.usd", "module.finance.month.usd")
    shop.works()
    work(acme)
    disable_module(tenant=acme, module="stock")
    shop.v1.customers.update(customer.stripe_id, {"description": "news"})
    shop.works()
    assert (on(acme), wished(acme)) == ({"base", "finance"}, {"stock": "off"})


def test_what_it_may_not_use_any_more_goes_off_when_the_trial_becomes_a_subscription(shop, acme, jobs):
    ada = owner_of(acme)
    assert ada.data(ENABLE, modules=["erp"])["it"]["userErrors"] == []
    work(acme)
    customer = shop.customer(acme)
    shop.buys(customer, "starter.month.usd")
    shop.works()
    assert {label for label, state in wished(acme).items() if state == "disabling"} == {"erp", "finance", "stock"}
    work(acme)
    assert on(acme) == CRM


def test_what_is_just_coming_on_is_taken_back_when_it_is_there(shop, acme, jobs):
    ada = owner_of(acme)
    ada.data(ENABLE, modules=["stock"])
    customer = shop.customer(acme)
    shop.buys(customer, "starter.month.usd")
    shop.works()
    assert wished(acme)["stock"] == "enabling"
    assert entitled(acme).recheck_at <= timezone.now() + granting.AGAIN
    work(acme)
    Entitlement.objects.update(recheck_at=timezone.now())
    sweep()
    assert wished(acme) == {"stock": "disabling"}


def test_the_job_is_sent_with_the_commit(shop, acme, jobs, django_capture_on_commit_callbacks):
    customer = shop.customer(acme)
    shop.buys(customer, "module.stock.month.usd")
    with django_capture_on_commit_callbacks(using="shared", execute=True):
        shop.works()
    assert jobs[0] is tasks.finish_switching


def test_switching_on_what_was_not_bought_is_refused_and_says_why(shop, acme, jobs):
    ada = owner_of(acme)
    shop.buys(shop.customer(acme), "starter.month.usd")
    shop.works()
    before = dict(Installation.objects.filter(tenant=acme).values_list("module", "state"))
    answer = ada.data(ENABLE, modules=["erp"])["it"]
    assert answer["result"] is None
    assert {(error["code"], tuple(error["field"])) for error in answer["userErrors"]} == {("NOT_ENTITLED", ("input", "modules"))}
    assert [error["message"] for error in answer["userErrors"]] == [
        "The module ERP is not included: It was not bought.",
        "The module Finance is not included: It was not bought.",
        "The module Stock is not included: It was not bought.",
    ]
    assert dict(Installation.objects.filter(tenant=acme).values_list("module", "state")) == before
    ModuleGrant.objects.create(tenant=acme, module="erp", reason="a pilot", given_by="Olga")
    assert ada.data(ENABLE, modules=["erp"])["it"]["userErrors"] == []


def test_in_its_trial_a_company_switches_on_whatever_it_likes(acme, jobs):
    assert owner_of(acme).data(ENABLE, modules=["erp", "scm", "oa", "crm"])["it"]["userErrors"] == []


def test_where_nothing_is_sold_nobody_is_refused_and_no_trial_ends(acme, jobs, settings, time_machine):
    settings.STRIPE_API_KEY = ""
    time_machine.move_to(timezone.now() + timedelta(days=1000))
    ada = owner_of(acme)
    sweep()
    assert not Entitlement.objects.exists()
    shown = ada.data(ENTITLEMENTS)["billingEntitlements"]
    assert (shown["access"], shown["reasons"], {each["entitled"] for each in shown["modules"]}) == ("FULL", [], {True})
    assert ada.data(ENABLE, modules=["erp"])["it"]["userErrors"] == []


def test_without_anybody_to_ask_everything_is_allowed(acme, jobs, settings):
    settings.TESSERA_ENTITLEMENTS = ""
    assert owner_of(acme).data(ENABLE, modules=["erp"])["it"]["userErrors"] == []


def test_a_trial_ends_by_the_clock_alone(acme, time_machine):
    start = acme.created_at
    seen = {}
    for days in (6, 10, 11, 14, 28, 58):
        time_machine.move_to(start + timedelta(days=days), tick=False)
        sweep()
        row = Entitlement.objects.filter(tenant=acme).first()
        seen[days] = (row and row.access, row and row.notice, Tenant.objects.get(pk=acme.pk).state)
    assert seen == {
        6: (None, None, "active"),
        10: ("full", "", "active"),
        11: ("full", "trial_ends", "active"),
        14: ("read_only", "trial_over", "active"),
        28: ("suspended", "trial_over", "suspended"),
        58: ("archived", "trial_over", "suspended"),
    }
    TrialExtension.objects.create(tenant=acme, until=start + timedelta(days=70), reason="they asked", given_by="Olga")
    Entitlement.objects.update(recheck_at=timezone.now())
    sweep()
    assert (entitled(acme).access, Tenant.objects.get(pk=acme.pk).state) == ("full", "active")


def test_what_an_operator_closed_no_payment_opens(shop, acme):
    set_state(tenant=acme, state=Tenant.State.SUSPENDED)
    shop.buys(shop.customer(acme), "starter.month.usd")
    shop.works()
    assert (entitled(acme).access, entitled(acme).is_withheld) == ("full", False)
    assert Tenant.objects.get(pk=acme.pk).state == "suspended"


def test_a_company_is_told_what_it_may_use_and_why(shop, acme):
    ada = owner_of(acme)
    bought = shop.buys(shop.customer(acme), "starter.month.usd")
    shop.works()
    shown = ada.data(ENTITLEMENTS)["billingEntitlements"]
    assert (shown["access"], shown["notice"], shown["seats"]) == ("FULL", None, entitled(acme).seats)
    assert shown["reasons"] == [
        {"holds": True, "cause": "ACTIVE", "source": bought.id, "message": f"The subscription {bought.id} is active."}
    ]
    assert {each["module"]: each["entitled"] for each in shown["modules"]}["stock"] is False
    explained = ada.data(EXPLAIN, module="crm")["explainEntitlement"]
    assert explained["reasons"][0] == {
        "holds": True, "cause": "ACTIVE", "source": bought.id, "product": "plan.starter",
        "message": f"Starter of the subscription {bought.id} gives it.",
    }  # fmt: skip
    assert ada.data(EXPLAIN, module="stock")["explainEntitlement"] == {
        "module": "stock", "title": "Stock", "entitled": False,
        "reasons": [{"holds": False, "cause": "NOT_BOUGHT", "source": "", "product": "", "message": "It was not bought."}],
    }  # fmt: skip
    assert ada.codes(EXPLAIN, module="nothing") == ["NOT_FOUND"]


def test_only_who_holds_the_right_is_told(acme):
    from tests.tenancy.people import member_of

    bob = member_of(acme)
    assert bob.codes(ENTITLEMENTS) == bob.codes(EXPLAIN, module="crm") == ["FORBIDDEN"]
