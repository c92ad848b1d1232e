"""What was used beyond a plan reaches Stripe once, whatever is killed or lost on the way, and is what a recount finds."""

import pytest
from tessera.access.models import Invitation
from tessera.access.services import invite_member
from tessera.bulk.models import BulkOperation
from tessera.bulk.tests.hands import start_export
from tessera.context import system
from tessera.files.services import create_upload
from tessera.testing.plugin import entered

from billing.gateway.client import Unreachable
from billing.metering import counting, reporting
from billing.models import UsageReport
from billing.tasks import count_usage_here, report

GIB = 1024**3


class Killed(BaseException):
    """The process ends here."""


def die(*_given, **_more):
    raise Killed


def work(tenant, turns=1):
    """Do what is counted: an automation run and two messages a turn."""
    with entered(tenant, actor=system("test")):
        for _turn in range(turns):
            start_export()
            BulkOperation.objects.all()
            for _letter in range(2):
                invite_member(email=f"p{Invitation.objects.count()}@example.com")


def recount(tenant, runs, messages):
    """Return what was beyond a plan, counted anew from what was done."""
    with entered(tenant, actor=system("test")):
        found = {
            "tessera_automation_runs": max(BulkOperation.objects.count() - runs, 0),
            "tessera_messages": max(Invitation.objects.count() - messages, 0),
        }
    return {name: count for name, count in found.items() if count}


def count(tenant):
    count_usage_here(tenant_id=str(tenant.id))


@pytest.fixture
def customer(shop, tenant, plan, settings):
    settings.TESSERA_BULK = {"at_once": 3, "unfinished": 1000}
    made = shop.customer(tenant)
    plan(automation_runs=(2, True), messages=(3, True), storage=(GIB, True))
    return made


def test_what_is_within_the_plan_is_not_told(shop, tenant, customer, meters):
    work(tenant)
    count(tenant)
    report()
    assert (meters(customer), UsageReport.objects.count()) == ({}, 0)


def test_what_is_beyond_it_is_told_once_and_later_only_what_came_since(shop, tenant, customer, meters):
    for turns in (3, 1, 0, 2):
        work(tenant, turns)
        count(tenant)
        count(tenant)
        report()
        report()
        assert meters(customer) == recount(tenant, 2, 3)
    assert meters(customer) == {"tessera_automation_runs": 4, "tessera_messages": 9}
    assert list(UsageReport.objects.filter(meter="messages").order_by("serial").values_list("serial", "units")) == [
        (1, 3), (2, 2), (3, 4)
    ]  # fmt: skip


SEAMS = {
    "before anything is counted": (counting, "_used_up"),
    "in the middle of counting": (counting, "sold_meter"),
    "before it is told": (reporting, "send_report"),
    "after it was told, before that is kept": (reporting, "note_sent"),
}


@pytest.mark.parametrize("seam", SEAMS)
def test_a_kill_leaves_nothing_untold_and_nothing_twice(shop, tenant, customer, meters, monkeypatch, seam):
    for _round in range(3):
        work(tenant, 2)
        with monkeypatch.context() as dying:
            dying.setattr(*SEAMS[seam], die)
            with pytest.raises(Killed):
                count(tenant)
                report()
        count(tenant)
        report()
        assert meters(customer) == recount(tenant, 2, 3)
    assert meters(customer) == {"tessera_automation_runs": 4, "tessera_messages": 9}
    assert not UsageReport.objects.filter(sent_at=None).exists()


@pytest.mark.parametrize("outage", ["503", "refuse", "lose"])
def test_an_outage_is_waited_for(shop, tenant, customer, meters, outage):
    work(tenant, 4)
    count(tenant)
    shop.stripe.faults(outage=outage)
    with pytest.raises(Unreachable):
        reporting.report_usage()
    report()
    assert UsageReport.objects.filter(sent_at=None).count() == 2
    shop.stripe.faults()
    report()
    assert meters(customer) == recount(tenant, 2, 3) == {"tessera_automation_runs": 2, "tessera_messages": 5}


def test_what_stripe_refuses_stays_is_logged_and_keeps_no_other_back(shop, tenant, customer, meters, caplog):
    work(tenant, 4)
    count(tenant)
    first = UsageReport.objects.order_by("counted_at", "pk").first()
    (meter,) = [each for each in shop.v1.billing.meters.list().data if each.event_name == f"tessera_{first.meter}"]
    shop.v1.billing.meters.deactivate(meter.id)
    assert reporting.report_usage() == 1
    assert "Stripe refuses the usage" in caplog.text
    assert UsageReport.objects.get(sent_at=None) == first
    shop.v1.billing.meters.reactivate(meter.id)
    assert reporting.report_usage() == 1
    assert meters(customer) == recount(tenant, 2, 3)


def test_storage_beyond_the_plan_counts_once_for_each_day_in_whole_units(shop, tenant, customer, meters, settings, time_machine):
    settings.TESSERA_FILE_BYTES = {"attachment": 10 * GIB}
    with entered(tenant, actor=system("test")):
        create_upload(filename="a.bin", size=2 * GIB + 1)
    for day in ("2030-03-05 06:00:00+00:00", "2030-03-05 18:00:00+00:00", "2030-03-06 06:00:00+00:00"):
        time_machine.move_to(day, tick=False)
        count(tenant)
    assert list(UsageReport.objects.order_by("period").values_list("meter", "units")) == [("storage", 2), ("storage", 2)]


def test_who_has_no_customer_has_nothing_to_tell(tenant, plan):
    plan(automation_runs=(0, True))
    work(tenant)
    count(tenant)
    report()
    assert not UsageReport.objects.exists()


def test_where_nothing_is_sold_nothing_is_told(shop, tenant, customer, settings):
    work(tenant, 4)
    settings.STRIPE_API_KEY = ""
    count(tenant)
    report()
    assert not UsageReport.objects.exists()
