"""A lead finds its owner in turn, runs against a clock, and is converted once."""

from datetime import timedelta
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.db import connections
from django.utils import timezone
from tessera.api import Forbidden, Refused, history_of, new_id
from tessera.context import system
from tessera.lineage.models import LineLink
from tessera.outbox.models import OutboxEvent
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work

from modules.base.api import Party, PartyRole, create_party
from modules.base.tests.factories import make_company, make_customer
from modules.crm.sales.models import Lead, LeadRule, Opportunity
from modules.crm.sales.selectors import lead_duplicates, leads_overdue
from modules.crm.sales.services import (
    LeadRuleMemberInput,
    assign_lead,
    capture_lead,
    convert_lead,
    create_lead_rule,
    lose_lead,
    respond_lead,
    update_lead_rule,
)
from modules.crm.sales.tests.conftest import SALES

BOB, ANN, EVE = new_id(), new_id(), new_id()


def make_rule(*members, **values) -> LeadRule:
    return create_lead_rule(
        name=values.pop("name", "all"), members=[LeadRuleMemberInput(member=each) for each in members], **values
    )


def problem_of(refusal) -> tuple:
    found = refusal.value.problems[0]
    return found.code, found.field


def test_a_lead_has_a_number_and_waits_without_a_rule(sales):
    lead = capture_lead(company_name="Alfreds", contact_name="Maria Anders", source="web")
    assert (lead.state, lead.owner, lead.number) == ("new", None, f"L-{timezone.now().year}-00001")
    assert OutboxEvent.objects.get().name == "sales.lead_captured"


def test_a_lead_without_any_name_is_refused(sales):
    with pytest.raises(Refused) as refusal:
        capture_lead(company_name="  ")
    assert problem_of(refusal) == ("REQUIRED", ("company_name",))
    assert not Lead.objects.exists()


def test_leads_go_round(sales):
    make_rule(BOB, ANN, EVE, sla_hours=4)
    leads = [capture_lead(company_name=f"C{n}") for n in range(7)]
    assert [lead.owner for lead in leads] == [BOB, ANN, EVE, BOB, ANN, EVE, BOB]
    assert leads[0].sla_due_at - leads[0].captured_at == timedelta(hours=4)
    assert LeadRule.objects.get().assigned == 7


def test_the_first_matching_rule_assigns(sales):
    make_rule(BOB, name="any", priority=100)
    make_rule(ANN, name="fair", source="fair", priority=100)
    make_rule(EVE, name="vip", source="vip", priority=1)
    assert [capture_lead(company_name="C", source=source).owner for source in ("web", "fair", "vip")] == [BOB, ANN, EVE]


def test_who_is_away_is_passed_over(sales):
    rule = make_rule(BOB, ANN)
    members = [LeadRuleMemberInput(member=BOB, active=False), LeadRuleMemberInput(member=ANN)]
    update_lead_rule(rule=rule, members=members)
    assert {capture_lead(company_name=f"C{n}").owner for n in range(3)} == {ANN}
    with pytest.raises(Refused) as refusal:
        update_lead_rule(rule=rule, members=[])
    assert problem_of(refusal) == ("REQUIRED", ("members",))


@pytest.mark.committed
def test_the_turn_is_fair_among_leads_that_come_at_once(tenant):
    with entered(tenant, actor=system("test"), modules=SALES):
        make_rule(BOB, ANN)
    start = Barrier(4, timeout=30)

    def capture(number: int) -> None:
        try:
            with entered(tenant, actor=system("test"), modules=SALES):
                start.wait()
                for each in range(3):
                    capture_lead(company_name=f"C{number}-{each}")
        finally:
            connections.close_all()

    threads = [Thread(target=capture, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with entered(tenant, actor=system("test"), modules=SALES):
        owners = list(Lead.objects.values_list("owner", flat=True))
        assert (owners.count(BOB), owners.count(ANN)) == (6, 6)


def test_an_owner_by_hand_keeps_the_turn(sales):
    make_rule(BOB, ANN)
    assert capture_lead(company_name="C", owner=EVE).owner == EVE
    assert capture_lead(company_name="C").owner == BOB


def test_an_owner_by_hand_starts_the_clock_of_the_rule_that_would_have_given_the_lead(sales):
    make_rule(BOB, name="any", sla_hours=48)
    make_rule(ANN, name="web", source="web", sla_hours=4)
    web, fair = capture_lead(company_name="C", source="web", owner=EVE), capture_lead(company_name="C", source="fair", owner=EVE)
    assert [each.sla_due_at - each.captured_at for each in (web, fair)] == [timedelta(hours=4), timedelta(hours=48)]
    assert (web.rule, [rule.assigned for rule in LeadRule.objects.all()]) == (None, [0, 0])


def test_a_lead_that_waited_runs_from_its_capture_and_another_owner_does_not_stop_it(sales):
    lead = capture_lead(company_name="C")
    assert lead.sla_due_at is None
    assert assign_lead(lead=lead, owner=BOB).sla_due_at is None  # nobody says how fast
    rule = make_rule(BOB, sla_hours=2)
    due = assign_lead(lead=lead, owner=EVE).sla_due_at
    assert due - lead.captured_at == timedelta(hours=2)
    update_lead_rule(rule=rule, sla_hours=9)
    assert assign_lead(lead=lead, owner=ANN).sla_due_at == due


def test_a_lead_is_assigned_again(sales):
    lead = capture_lead(company_name="C")
    with pytest.raises(Refused) as refusal:
        assign_lead(lead=lead)
    assert problem_of(refusal) == ("NOT_FOUND", ("owner",))
    assert assign_lead(lead=lead, owner=BOB).state == "assigned"
    assert assign_lead(lead=lead, owner=ANN).owner == ANN


def test_the_first_answer_stops_the_clock(sales):
    make_rule(BOB, sla_hours=1)
    late, fine = capture_lead(company_name="Late"), capture_lead(company_name="Fine")
    with unit_of_work():
        late.sla_due_at = timezone.now() - timedelta(minutes=1)
        late.save()
    assert leads_overdue(ids=[late.pk, fine.pk]) == {late.pk: True, fine.pk: False}
    first = respond_lead(lead=fine).first_response_at
    assert respond_lead(lead=fine).first_response_at == first
    respond_lead(lead=late)
    assert leads_overdue(ids=[late.pk, fine.pk]) == {late.pk: True, fine.pk: False}


def test_a_lead_becomes_a_customer_with_a_contact_and_a_deal_once(sales):
    company = make_company()
    make_rule(BOB)
    lead = capture_lead(company_name="Alfreds", contact_name="Maria Anders", email="maria@alfreds.example", interest="tea")
    deal = convert_lead(lead=lead, amount=Decimal("1000.005"))
    assert convert_lead(lead=lead, amount=Decimal(5)) == deal
    assert Opportunity.objects.get() == deal
    assert (deal.title, deal.amount, deal.currency, deal.stage.name, deal.state, deal.owner) == (
        "Alfreds", Decimal("1000.01"), "USD", "Qualified", "open", BOB,
    )  # fmt: skip
    assert (deal.party.name, deal.contact.name, deal.contact.employer, deal.note) == (
        "Alfreds",
        "Maria Anders",
        deal.party,
        "tea",
    )
    assert deal.contact.contact_points.get().value == "maria@alfreds.example"
    assert PartyRole.objects.get(party=deal.party).company == company
    lead.refresh_from_db()
    assert (lead.state, lead.party) == ("converted", deal.party)
    assert lead.first_response_at is not None
    link = LineLink.objects.get()
    assert (link.type, link.source_kind, link.source_document, link.target_document) == (
        "derives",
        "sales.Lead",
        lead.pk,
        deal.pk,
    )
    assert OutboxEvent.objects.filter(name="sales.lead_converted").count() == 1


def test_a_known_party_is_not_made_twice(sales):
    company = make_company()
    known = create_party(name="ALFREDS")
    lead = capture_lead(company_name="Alfreds")
    assert [(each.party, each.reason) for each in lead_duplicates(lead=lead)] == [(known, "name")]
    with pytest.raises(Refused) as refusal:
        convert_lead(lead=lead)
    assert problem_of(refusal) == ("DUPLICATE", ("party",))
    assert Lead.objects.get().state == "new"
    assert convert_lead(lead=lead, party=known).party == known
    assert known.roles.get().company == company
    other = convert_lead(lead=capture_lead(company_name="Alfreds"), is_new_party=True)
    assert other.party != known
    assert Party.objects.count() == 2


def test_a_person_without_a_company_is_the_party(sales):
    make_company()
    deal = convert_lead(lead=capture_lead(contact_name="Eve", phone="030-1"))
    assert (deal.party.kind, deal.contact, deal.party.contact_points.get().normalised) == ("person", deal.party, "0301")


def test_with_several_companies_one_is_named(sales):
    first, second = make_company("HQ"), make_company("CN", currency="CNY")
    lead = capture_lead(company_name="C")
    with pytest.raises(Refused) as refusal:
        convert_lead(lead=lead)
    assert problem_of(refusal) == ("REQUIRED", ("company",))
    assert (convert_lead(lead=lead, company=second).currency, first.currency) == ("CNY", "USD")


def test_a_lost_lead_is_not_converted(sales):
    make_customer(make_company())
    lead = lose_lead(lead=capture_lead(company_name="C"), reason="no budget")
    with pytest.raises(Refused) as refusal:
        convert_lead(lead=lead)
    assert problem_of(refusal) == ("STATE", ("state",))
    assert [entry.verb for entry in history_of(lead)][:1] == ["create"]


def test_without_the_right_no_lead_comes_in(sales, acts):
    with acts("sales.lead_view"), pytest.raises(Forbidden):
        capture_lead(company_name="C")
