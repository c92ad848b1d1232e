"""A deal moves through its pipeline, with its history, and is won once."""

from decimal import Decimal

import pytest
from django.db import connection
from tessera.api import Reach, Refused, document_graph
from tessera.fields import new_id
from tessera.outbox.models import OutboxEvent
from tessera.testing.events import drain, tell_again

from modules.base.api import create_party
from modules.crm.sales.models import Opportunity, Pipeline, Stage
from modules.crm.sales.selectors import sales_funnel
from modules.crm.sales.services import (
    capture_lead,
    convert_lead,
    create_opportunity,
    move_opportunity,
    seed_sales,
    update_opportunity,
)
from modules.erp.orders.api import Quote, accept_quote, send_quote
from modules.erp.orders.tests.factories import make_shop

D = Decimal


def problem_of(refusal) -> tuple:
    found = refusal.value.problems[0]
    return found.code, found.field


def make_deal(shop, **values) -> Opportunity:
    return create_opportunity(title="Tea", company=shop.company, party=shop.customer, **values)


def stage_named(name: str) -> Stage:
    return Stage.objects.get(name=name)


def test_enabling_again_adds_no_second_pipeline(sales):
    seed_sales()
    assert Pipeline.objects.get().stages.count() == 6


def test_each_move_is_kept(sales, acts):
    shop = make_shop()
    deal = make_deal(shop, amount=D(100))
    bob = new_id()
    with acts("sales.opportunity_move", member=bob):
        move_opportunity(opportunity=deal, stage=stage_named("Quoted"))
        move_opportunity(opportunity=deal, stage=stage_named("Quoted"))
        lost = move_opportunity(opportunity=deal, stage=stage_named("Lost"), reason="too dear")
    changes = [(c.source and c.source.name, c.target.name, c.member) for c in deal.changes.order_by("id")]
    assert changes == [(None, "Qualified", None), ("Qualified", "Quoted", bob), ("Quoted", "Lost", bob)]
    assert (lost.state, lost.reason) == ("lost", "too dear")
    assert lost.closed_at is not None
    open_again = move_opportunity(opportunity=deal, stage=stage_named("Negotiation"))
    assert (open_again.state, open_again.closed_at) == ("open", None)


def test_a_won_deal_stays_won(sales):
    deal = make_deal(make_shop())
    move_opportunity(opportunity=deal, stage=stage_named("Won"))
    with pytest.raises(Refused) as refusal:
        move_opportunity(opportunity=deal, stage=stage_named("Quoted"))
    assert problem_of(refusal) == ("STATE", ("state",))
    assert OutboxEvent.objects.filter(name="sales.deal_won").count() == 1


def test_a_stage_of_another_pipeline_is_refused(sales):
    from tessera.unit_of_work import unit_of_work

    deal = make_deal(make_shop())
    with unit_of_work():
        other = Pipeline(name="Other")
        other.save()
        stage = Stage(pipeline=other, name="First")
        stage.save()
    with pytest.raises(Refused) as refusal:
        move_opportunity(opportunity=deal, stage=stage)
    assert problem_of(refusal) == ("INVALID", ("stage",))
    with pytest.raises(Refused) as refusal:
        create_opportunity(
            title="T", company=deal.company, party=deal.party, pipeline=Pipeline.objects.get(name="Sales"), amount=D("NaN")
        )
    assert problem_of(refusal) == ("INVALID", ("amount",))


def test_an_accepted_quote_wins_its_deal_once(sales):
    shop = make_shop()
    deal = make_deal(shop, amount=D(180))
    quote = send_quote(quote=shop.quote(opportunity=deal.pk))
    order = accept_quote(quote=quote)
    drain()
    tell_again()
    deal.refresh_from_db()
    assert (deal.state, deal.stage.name) == ("won", "Won")
    won = OutboxEvent.objects.get(name="sales.deal_won")
    assert won.data == {
        "party": str(shop.customer.pk),
        "amount": "180.0000",
        "currency": "USD",
        "quote": str(quote.pk),
        "order": str(order.pk),
    }


def test_a_quote_for_an_unknown_or_foreign_deal_is_refused(sales):
    shop = make_shop()
    with pytest.raises(Refused) as refusal:
        shop.quote(opportunity=new_id())
    assert problem_of(refusal) == ("NOT_FOUND", ("opportunity",))
    foreign = create_opportunity(title="T", company=shop.company, party=create_party(name="Eve"))
    with pytest.raises(Refused) as refusal:
        shop.quote(opportunity=foreign.pk)
    assert problem_of(refusal) == ("INVALID", ("opportunity",))
    assert not Quote.objects.exists()


def test_the_story_from_lead_to_order_is_one_graph(sales, acts):
    shop = make_shop()
    lead = capture_lead(company_name="Alfreds & Sons")
    deal = convert_lead(lead=lead)
    shop.customer = deal.party
    quote = send_quote(quote=shop.quote(opportunity=deal.pk))
    order = accept_quote(quote=quote)
    other = shop.quote()
    for start in (lead, deal, quote, order):
        told = document_graph(id=start.pk)
        assert [(node.id, node.depth, node.kind) for node in told.nodes] == [
            (lead.pk, 0, "sales.Lead"),
            (deal.pk, 1, "sales.Opportunity"),
            (quote.pk, 2, "orders.Quote"),
            (order.pk, 3, "orders.SalesOrder"),
        ]
    node = told.nodes[2]
    assert (node.number, node.state, node.amount, node.currency, node.quantity) == (
        quote.number,
        "accepted",
        D("180.00"),
        "USD",
        10,
    )
    edges = {(edge.source, edge.target): (edge.quantity, edge.amount, edge.lines) for edge in told.edges}
    assert edges[quote.pk, order.pk] == (10, D("180.00"), 1)
    assert [node.id for node in document_graph(id=other.pk).nodes] == [other.pk]
    with acts("orders.quote_view", "orders.sales_order_view"):
        assert [node.id for node in document_graph(id=order.pk).nodes] == [quote.pk, order.pk]
    from tessera.api import NotFound

    for rights in ([], ["sales.lead_view"]):
        with acts(*rights), pytest.raises(NotFound):
            document_graph(id=order.pk)


def test_the_funnel_is_what_sql_counts(sales, acts):
    shop = make_shop()
    bob = new_id()
    deals = [make_deal(shop, amount=D(n * 100 + 1), owner=bob if n % 2 else None) for n in range(1, 6)]
    euro = make_deal(shop, amount=D(7), currency="EUR")
    for deal, *names in ((deals[0], "Quoted", "Won"), (deals[1], "Quoted"), (deals[2], "Lost"), (euro, "Quoted")):
        for name in names:
            move_opportunity(opportunity=deal, stage=stage_named(name))
    found = [
        (row.name, row.count, row.reached, [(each.currency, each.count, each.amount, each.weighted) for each in row.amounts])
        for row in sales_funnel()
    ]
    assert found == [
        ("Qualified", 2, 6, [("USD", 2, D("902"), D("90.20"))]),
        ("Needs known", 0, 0, []),
        ("Quoted", 2, 3, [("EUR", 1, D("7"), D("3.50")), ("USD", 1, D("201"), D("100.50"))]),
        ("Negotiation", 0, 0, []),
        ("Won", 1, 1, [("USD", 1, D("101"), D("101.00"))]),
        ("Lost", 1, 1, [("USD", 1, D("301"), D("0.00"))]),
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.name, count(o.id), coalesce(sum(o.amount), 0) FROM sales_stage s"
            " LEFT JOIN sales_opportunity o ON o.stage_id = s.id GROUP BY s.id ORDER BY s.position"
        )
        assert cursor.fetchall() == [(name, count, sum(each[2] for each in amounts)) for name, count, _, amounts in found]
    with acts("sales.opportunity_view", member=bob, reach=Reach(own=True)):
        assert [row.count for row in sales_funnel()] == [1, 0, 0, 0, 1, 1]


def test_a_deal_is_changed_but_not_its_stage(sales):
    deal = make_deal(make_shop())
    assert update_opportunity(opportunity=deal, title="Coffee", amount=D("12.345")).amount == D("12.35")
    with pytest.raises(Refused) as refusal:
        update_opportunity(opportunity=deal, title=" ")
    assert problem_of(refusal) == ("REQUIRED", ("title",))
