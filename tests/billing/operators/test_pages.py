"""What operators see and do: every list costs as many statements for many rows as for few, and every deed has a name and a reason."""

from datetime import timedelta

import pytest
from django.db import connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tessera.accounts.models import Account, Membership
from tessera.accounts.operators.models import FailedJob, OperatorAct
from tessera.accounts.operators.site import site
from tessera.context import system
from tessera.fields import new_id
from tessera.outbox.models import Delivery, OutboxEvent
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work

from billing.entitlements.entitling import settle_entitlement
from billing.mirror.refreshing import refresh_customer
from billing.models import (
    Checkout,
    Entitlement,
    Instruction,
    Invoice,
    ModuleGrant,
    Partner,
    PartnerLine,
    PartnerPerson,
    PartnerStatement,
    Payout,
    Setback,
    SharedInvoice,
    StatementEntry,
    StripeEvent,
    Subscription,
    TrialExtension,
)
from billing.tasks import sweep
from tenants.models import Installation, SignUp, Tenant, TenantExport
from tests.billing.core.shop import post
from tests.billing.core.test_sweeping import EVENT


def address(model, *more):
    return "/".join(("/operators", model._meta.app_label, model._meta.model_name, *map(str, more), ""))


def statements(client, path):
    """Return how many statements a page costs on both connections."""
    with CaptureQueriesContext(connections["shared"]) as shared, CaptureQueriesContext(connections["default"]) as default:
        answer = client.get(path)
    assert answer.status_code == 200, path
    return len(shared) + len(default)


def earned(number, now):
    """Make a partner with a line, its statement, and what is due by it."""
    partner = Partner.objects.create(vendor=f"vendor{number}", email="p@example.com", country="DE")
    PartnerPerson.objects.create(partner=partner, email="p@example.com")
    invoice = SharedInvoice.objects.create(stripe_id=f"in_shared{number}")
    amounts = {"currency": "USD", "gross": 50, "share": 10, "net": 40}
    terms = {"basis_points": 2_000, "occurred_at": now}
    line = PartnerLine.objects.create(partner=partner, invoice=invoice, kind="sale", source=f"il_{number}", **amounts, **terms)
    month = now.date().replace(day=1)
    with transaction.atomic(using="shared"):
        closed = PartnerStatement.objects.create(
            partner=partner, month=month, opening=0, line_count=1, closing=40, due=40, **amounts
        )
        StatementEntry.objects.create(statement=closed, line=line)
        Payout.objects.create(statement=closed, amount=40)


def fill(shop, company, numbers):
    """Make a row of everything that is listed, for each number."""
    for number in numbers:
        tenant = company(number, days=number)
        customer = shop.customer(tenant)
        shop.buys(customer, "business.month.usd", "seat.business.month.usd")
        refresh_customer(customer=customer)
        account = Account.objects.create_user(f"owner{number}@example.com")
        Membership.objects.create(account=account, tenant_id=tenant.pk, is_owner=True)
        Installation.objects.update_or_create(tenant=tenant, module="stock", defaults={"state": "failed", "why": "no room"})
        Checkout.objects.create(customer=customer, asked={}, asked_by="Ada")
        Instruction.objects.create(customer=customer, act="cancel", asked={}, asked_by="Ada")
        ModuleGrant.objects.create(tenant=tenant, module="stock", reason="because", given_by="olga")
        TrialExtension.objects.create(tenant=tenant, until=timezone.now(), reason="because", given_by="olga")
        Setback.objects.create(tenant=tenant, why="it broke", since=timezone.now(), again_at=timezone.now())
        TenantExport.objects.create(tenant=tenant, state="failed", why="no disk", name="x")
        SignUp.objects.create(company="C", slug=f"c{number}", email="c@example.com", password="", modules=[])
        post(EVENT | {"id": f"evt_{number}", "livemode": True})
        OperatorAct.objects.create(name="olga", act="event.release", subject="it", key=number, reason="because")
        now = timezone.now()
        earned(number, now)
        FailedJob.objects.create(task=f"t{number}", error="ValueError", first_at=now, last_at=now)
    sweep()


def test_a_list_costs_the_same_for_many_rows_as_for_few(shop, olga, company):
    fill(shop, company, range(1, 3))
    paths = [address(model) for model in site._registry] + ["/operators/", "/operators/figures/"]
    few = {path: statements(olga, path) for path in paths}
    fill(shop, company, range(3, 9))
    assert {path: statements(olga, path) for path in paths} == few
    assert max(few.values()) <= 20


def test_every_record_has_its_page(shop, olga, company):
    fill(shop, company, [1])
    for model, shown in site._registry.items():
        row = shown.get_queryset(olga.get(address(model)).wsgi_request).first()
        page = olga.get(address(model, row.pk, "change"))
        assert page.status_code == 200, model
        for attempt in (address(model, "add"), address(model, row.pk, "delete"), address(model, row.pk, "history")):
            assert olga.get(attempt).status_code in (302, 404), attempt
        assert olga.post(address(model, row.pk, "change"), {"name": "x", "_save": "1"}).status_code in (302, 403)
        row.refresh_from_db()


def test_a_company_is_told_with_owner_plan_modules_and_what_failed(shop, olga, company):
    fill(shop, company, [1])
    page = olga.get(address(Tenant) + "?q=w1").content.decode()
    for told in ("owner1@example.com", "Business (active)", "W1"):
        assert told in page


def test_a_subscription_and_its_bill_are_told_in_titles_and_amounts(shop, olga, company):
    fill(shop, company, [1])
    bought = olga.get(address(Subscription)).content.decode()
    assert "1 × Business / month, 1 × Seat in Business / month" in bought
    assert "$" in olga.get(address(Invoice)).content.decode()
    statement = olga.get(address(PartnerStatement)).content.decode()
    assert "$50" in statement and "50.0000" not in statement


def test_the_page_of_a_company_names_what_failed_and_its_dead_letters(olga, tenant):
    Installation.objects.update_or_create(tenant_id=tenant.id, module="finance", defaults={"state": "failed", "why": "no room"})
    with entered(tenant, actor=system("test")), unit_of_work():
        event = OutboxEvent(name="sales.lead_won", version=1, subject=new_id(), seq=1, data={}, request=new_id())
        event.save()
        Delivery(
            event=event, handler="orders.on_won", subject=event.subject, seq=1, state="dead", error="KeyError: 'party'"
        ).save()
    page = olga.get(address(Tenant, tenant.id, "change")).content.decode()
    assert "finance: no room" in page
    assert "sales.lead_won → orders.on_won: KeyError: &#x27;party&#x27;" in page


def test_an_entitlement_explains_itself(shop, olga, company):
    fill(shop, company, [1])
    row = Entitlement.objects.get(tenant__slug="w1")
    page = olga.get(address(Entitlement, row.pk, "change")).content.decode()
    assert "is active." in page
    assert "Business of the subscription" in page


def release(client, row, reason="it is ours, I asked"):
    path = f"/operators/billing/quarantinedevent/act/release/?ids={row.pk}"
    return client.post(path, {"reason": reason})


def in_quarantine():
    post(EVENT | {"livemode": True})
    sweep()
    return StripeEvent.objects.get(state="quarantined")


def test_releasing_an_event_says_who_and_why(olga, shop):
    row = in_quarantine()
    assert "reason" in olga.get(f"/operators/billing/quarantinedevent/act/release/?ids={row.pk}").content.decode()
    assert release(olga, row, reason=" ").status_code == 422
    assert release(olga, row).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.why) == ("received", "")
    act = OperatorAct.objects.get(act="event.release")
    assert (act.name, act.account.email, act.key, act.reason) == (
        "olga@tessera.example", "olga@tessera.example", str(row.pk), "it is ours, I asked",
    )  # fmt: skip
    assert act.details == {"was": "quarantined", "why": "it is of the other mode", "attempts": 1}
    assert "it is ours, I asked" in olga.get(address(OperatorAct)).content.decode()


def test_an_event_is_processed_again(olga, shop):
    post(EVENT | {"data": {"object": {"id": "prod_1", "object": "product"}}})
    sweep()
    row = StripeEvent.objects.get()
    assert row.state == "done"
    assert olga.post(f"/operators/billing/stripeevent/act/again/?ids={row.pk}", {"reason": "to see it"}).status_code == 302
    row.refresh_from_db()
    assert row.state == "received"
    sweep()
    row.refresh_from_db()
    assert (row.state, OperatorAct.objects.get(act="event.again").reason) == ("done", "to see it")


def test_ticked_events_go_to_the_page_that_asks_for_the_reason(olga, shop):
    row = in_quarantine()
    answer = olga.post(
        "/operators/billing/quarantinedevent/", {"action": "release", "_selected_action": [str(row.pk)], "index": "0"}
    )
    assert answer["Location"] == f"/operators/billing/quarantinedevent/act/release/?ids={row.pk}"


def test_who_may_only_look_does_nothing(otto, shop, company):
    row, tenant = in_quarantine(), company()
    assert release(otto, row).status_code == 404
    assert (
        otto.post(f"/operators/tenants/tenant/act/grant/?ids={tenant.pk}", {"module": "stock", "reason": "x"}).status_code == 404
    )
    assert "act/release" not in otto.get(address(type(site._registry) and StripeEvent, row.pk, "change")).content.decode()
    row.refresh_from_db()
    assert (row.state, ModuleGrant.objects.count(), OperatorAct.objects.exclude(act="operator.make").count()) == (
        "quarantined",
        0,
        0,
    )


def test_a_write_needs_the_token_of_its_form(olga, shop):
    row = in_quarantine()
    strict = Client(enforce_csrf_checks=True, HTTP_HOST=olga.defaults["HTTP_HOST"])
    strict.cookies = olga.cookies
    assert release(strict, row).status_code == 403
    row.refresh_from_db()
    assert row.state == "quarantined"


def test_a_module_is_given_until_a_day_and_taken_back(olga, shop, company):
    tenant = company(days=20)
    customer = shop.customer(tenant)
    shop.buys(customer, "starter.month.usd")
    refresh_customer(customer=customer)
    assert "stock" not in Entitlement.objects.get(tenant=tenant).modules
    day = (timezone.now() + timedelta(days=10)).date()
    path = f"/operators/tenants/tenant/act/grant/?ids={tenant.pk}"
    assert olga.post(path, {"module": "stock", "until": "2020-01-01", "reason": "to try"}).status_code == 422
    assert olga.post(path, {"module": "base", "reason": "to try"}).status_code == 422
    assert olga.post(path, {"module": "stock", "until": day.isoformat(), "reason": "to try"}).status_code == 302
    grant = ModuleGrant.objects.get()
    assert (grant.module, grant.until.date(), grant.reason, grant.given_by) == (
        "stock", day + timedelta(days=1), "to try", "olga@tessera.example",
    )  # fmt: skip
    assert "stock" in Entitlement.objects.get(tenant=tenant).modules
    assert olga.post(f"/operators/billing/modulegrant/act/end/?ids={grant.pk}", {"reason": "enough"}).status_code == 302
    assert "stock" not in Entitlement.objects.get(tenant=tenant).modules
    assert [act.reason for act in OperatorAct.objects.filter(key=str(tenant.pk)).order_by("done_at")] == ["to try", "enough"]


def test_a_trial_is_extended(olga, shop, company):
    tenant = company(days=20)
    settle_entitlement(tenant=tenant, now=timezone.now())
    assert Tenant.objects.get(pk=tenant.pk).access == "read_only"
    day = (timezone.now() + timedelta(days=10)).date().isoformat()
    assert (
        olga.post(f"/operators/tenants/tenant/act/extend/?ids={tenant.pk}", {"until": day, "reason": "they asked"}).status_code
        == 302
    )
    assert (Tenant.objects.get(pk=tenant.pk).access, TrialExtension.objects.get().reason) == ("full", "they asked")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_pages_are_in_the_language_of_the_browser(olga, shop, company, language):
    fill(shop, company, [1])
    page = olga.get("/operators/figures/", HTTP_ACCEPT_LANGUAGE=language).content.decode()
    assert ("Monthly recurring revenue" in page) is (language == "en")
