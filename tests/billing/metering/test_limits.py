"""One gate for all that is limited: it counts in the transaction that uses, refuses beyond a hard limit, and warns before, once."""

import threading

import pytest
from django.conf import settings as configured
from django.db import connections
from tessera.access.models import Invitation, Member
from tessera.access.services import accept_invitation, deactivate_member, invitation_letter, invite_member, resend_invitation
from tessera.bulk.tests.hands import start_export
from tessera.context import system
from tessera.errors import Refused
from tessera.fields import new_id
from tessera.files.models import StorageUse
from tessera.files.services import create_upload
from tessera.quotas import Limit, Meter, limit_of
from tessera.testing.events import tell_again
from tessera.testing.plugin import entered
from tessera.unit_of_work import savepoint, unit_of_work
from tessera.usage.models import UsageCount, UsageWarning
from tessera.usage.services import use

from billing.lifecycle.letters import send_letters
from billing.models import Entitlement, Letter
from tenants.models import Tenant
from tests.tenancy.people import member_of, owner_of

USAGE = "{ billingUsage { period meters { meter title counts used included soft beyond perCent } } }"


def refusal(told):
    return [(problem.code, problem.field) for problem in told.value.problems]


def used(meter):
    return UsageCount.objects.filter(meter=meter).values_list("used", "beyond").first()


def test_seats_are_for_members_and_those_who_are_invited(inside, plan):
    plan(seats=Member.objects.count() + 2)
    bob, eve = (invite_member(email=f"{name}@example.com") for name in ("bob", "eve"))
    with pytest.raises(Refused) as told:
        invite_member(email="fay@example.com")
    assert refusal(told) == [("QUOTA", ("email",))]
    assert str(told.value).startswith(f"All {Member.objects.count()} seats of this company are taken. Deactivate a member")
    assert not Member.objects.filter(email="fay@example.com").exists()
    _invitation, token = invitation_letter(invitation_id=bob.pk, serial=bob.serial)
    accept_invitation(token=token, account_id=new_id(), email="bob@example.com")  # who was invited has a seat
    deactivate_member(member=Member.objects.get(email="bob@example.com"))
    invite_member(email="fay@example.com")
    plan(seats=1)
    _invitation, token = invitation_letter(invitation_id=eve.pk, serial=eve.serial)
    with pytest.raises(Refused) as told:
        accept_invitation(token=token, account_id=new_id(), email="eve@example.com")
    assert refusal(told) == [("QUOTA", ("token",))]
    assert Invitation.objects.get(pk=eve.pk).accepted_at is None


def test_storage_is_what_the_plan_says(inside, plan):
    plan(storage=(10, False))
    create_upload(filename="a.txt", size=10)
    with pytest.raises(Refused) as told:
        create_upload(filename="b.txt", size=1)
    assert refusal(told) == [("QUOTA", ("size",))]
    assert StorageUse.objects.get().bytes == 10
    plan(storage=(10, True))
    create_upload(filename="b.txt", size=5)
    assert StorageUse.objects.get().bytes == 15


def test_a_month_that_is_used_up_refuses_and_what_is_undone_was_not_used(inside, plan):
    plan(messages=(2, False), automation_runs=(1, False))
    invitation = invite_member(email="bob@example.com")
    resend_invitation(invitation=invitation)
    with pytest.raises(Refused) as told:
        resend_invitation(invitation=invitation)
    assert refusal(told) == [("QUOTA", ())]
    assert used(Meter.MESSAGES) == (2, 0)
    start_export()
    with pytest.raises(Refused), unit_of_work():
        use(Meter.AUTOMATION_RUNS)
    with pytest.raises(ZeroDivisionError), unit_of_work():
        use(Meter.AUTOMATION_RUNS, 0)
        UsageCount.objects.update_unaudited(used=7)
        raise ZeroDivisionError
    assert (used(Meter.MESSAGES), used(Meter.AUTOMATION_RUNS)) == ((2, 0), (1, 0))


def test_a_soft_limit_lets_go_on_and_counts_what_was_beyond_it_then(inside, plan):
    plan(messages=(3, True))
    with unit_of_work():
        use(Meter.MESSAGES, 5)
        with pytest.raises(ZeroDivisionError), savepoint():
            use(Meter.MESSAGES, 100)
            raise ZeroDivisionError
    assert used(Meter.MESSAGES) == (5, 2)
    plan(messages=(10, True))  # a larger plan: what was beyond the smaller one stays so
    with unit_of_work():
        use(Meter.MESSAGES, 4)
    assert used(Meter.MESSAGES) == (9, 2)
    plan(messages=(1, True))
    with unit_of_work():
        use(Meter.MESSAGES)
    assert used(Meter.MESSAGES) == (10, 3)


def test_the_next_month_begins_where_the_company_is(inside, plan, tenant, time_machine):
    plan(messages=(5, False))
    Tenant.objects.filter(pk=tenant.pk).update(time_zone="Asia/Shanghai")
    tenant.refresh_from_db()
    for moment in ("2030-03-31 15:59:59+00:00", "2030-03-31 16:00:00+00:00"):
        time_machine.move_to(moment, tick=False)
        with entered(tenant, actor=system("test")), unit_of_work():
            use(Meter.MESSAGES, 4)
    assert [(str(row.period), row.used) for row in UsageCount.objects.order_by("period")] == [
        ("2030-03-01", 4),
        ("2030-04-01", 4),
    ]


def test_eighty_and_a_hundred_per_cent_are_told_once_a_month(tenant, plan, drain, mailoutbox, time_machine):
    owner_of(tenant)
    plan(messages=(10, True))
    time_machine.move_to("2030-03-05 12:00:00+00:00", tick=False)
    for _turn in range(14):
        with entered(tenant, actor=system("test")), unit_of_work():
            use(Meter.MESSAGES)
        drain(tenant)
    send_letters()
    assert [mail.subject for mail in mailoutbox] == [
        "Tenant a has used 80 % of its messages of this month", "Tenant a has used 100 % of its messages of this month"
    ]  # fmt: skip
    with entered(tenant, actor=system("test")):
        warned = UsageWarning.objects.order_by("percent").values_list("percent", "used", "included")
        assert list(warned) == [(80, 8, 10), (100, 10, 10)]
        tell_again()
    plan(messages=(13, True))
    with entered(tenant, actor=system("test")), unit_of_work():
        use(Meter.MESSAGES, 20)
    drain(tenant)
    time_machine.move_to("2030-04-05 12:00:00+00:00", tick=False)
    with entered(tenant, actor=system("test")), unit_of_work():
        use(Meter.MESSAGES, 13)  # both at once: the higher one is told
    drain(tenant)
    send_letters()
    assert [mail.subject for mail in mailoutbox][2:] == ["Tenant a has used 100 % of its messages of this month"]
    assert Letter.objects.count() == 3


def test_where_nobody_sells_only_storage_has_a_limit(inside, settings):
    settings.STRIPE_API_KEY, settings.TESSERA_STORAGE_BYTES = "", 7
    assert {meter: limit_of(meter) for meter in Meter} == {
        Meter.SEATS: Limit(None), Meter.STORAGE: Limit(7), Meter.AUTOMATION_RUNS: Limit(None), Meter.MESSAGES: Limit(None)
    }  # fmt: skip


def test_in_its_trial_a_company_has_what_the_trial_includes(inside):
    assert limit_of(Meter.SEATS) == Limit(25)
    assert limit_of(Meter.MESSAGES) == Limit(500)


@pytest.mark.parametrize(
    ("price", "tier"), [("starter", "quarter"), ("business", ""), ("enterprise", "fivefold"), ("custom", "half")]
)
def test_points_of_the_api_are_those_of_the_plan(shop, tenant, price, tier):
    shop.buys(shop.customer(tenant), f"{price}.month.usd")
    shop.works()
    assert (Tenant.objects.get(pk=tenant.pk).tier, Entitlement.objects.get(tenant=tenant).access) == (tier, "full")
    rate = configured.TESSERA_BUDGETS["tenant"][1] * configured.TESSERA_BUDGET_TIERS[tier]
    assert Entitlement.objects.get(tenant=tenant).quotas["api_points"]["limit"] == rate


def test_a_company_sees_what_it_uses(tenant, plan):
    ada = owner_of(tenant)
    plan(seats=2, storage=(100, False), messages=(4, True), automation_runs=(None, False))
    with entered(tenant, actor=system("test")):
        create_upload(filename="a.txt", size=10)
        with unit_of_work():
            use(Meter.MESSAGES, 6)
    shown = ada.data(USAGE)["billingUsage"]["meters"]
    assert [
        tuple(each[name] for name in ("meter", "counts", "used", "included", "soft", "beyond", "perCent")) for each in shown
    ] == [
        ("seats", "NOW", 1, 2, False, 0, 50),
        ("storage", "NOW", 10, 100, False, 0, 10),
        ("automation_runs", "MONTH", 0, None, False, 0, None),
        ("messages", "MONTH", 6, 4, True, 2, 150),
    ]
    assert member_of(tenant).codes(USAGE) == ["FORBIDDEN"]


@pytest.mark.committed
def test_of_many_at_once_no_more_get_through_than_there_are(tenant, plan):
    plan(messages=(5, False), seats=4)
    answers, start = [], threading.Barrier(8)

    def run(number):
        try:
            start.wait()
            with entered(tenant, actor=system("test")):
                try:
                    with unit_of_work():
                        use(Meter.MESSAGES)
                    answers.append("message")
                except Refused:
                    answers.append("no message")
                try:
                    invite_member(email=f"p{number}@example.com")
                    answers.append("seat")
                except Refused:
                    answers.append("no seat")
        finally:
            connections.close_all()

    # allow raw-thread: each enters its tenant itself
    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with entered(tenant, actor=system("test")):
        taken = Member.objects.count()
        counted = UsageCount.objects.get(meter="messages").used
    assert (counted, taken) == (5, answers.count("seat"))
    assert answers.count("message") + answers.count("seat") == 5
    assert len(answers) == 16
