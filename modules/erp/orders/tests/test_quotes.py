"""A quote is sealed when it is sent; what changes after that is the next revision."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from tessera.api import Forbidden, Refused, content_hash
from tessera.lineage.models import DocumentRevision, LineLink, TransitionHold
from tessera.lineage.services import release_hold
from tessera.outbox.models import OutboxEvent

from modules.erp.orders.models import Quote, SalesOrder
from modules.erp.orders.services import (
    QuoteLineInput,
    accept_quote,
    expire_quotes,
    reject_quote,
    send_quote,
    update_quote,
)
from modules.erp.orders.tests.factories import make_shop, problem_of

D = Decimal


def test_a_sent_quote_has_a_number_a_snapshot_and_its_revision(orders):
    shop = make_shop()
    quote = send_quote(quote=shop.quote(document_date=date(2026, 3, 1), valid_until=date(2999, 1, 1)))
    assert (quote.state, quote.number, quote.revision) == ("sent", "Q-2026-00001", 1)
    assert quote.party_snapshot["bill_to"]["name"] == "Alfreds"
    kept = DocumentRevision.objects.get(document=quote.pk)
    assert (kept.revision, kept.content_hash) == (1, quote.content_hash)
    assert kept.content["lines"][0]["net"] == "180"


def test_an_empty_quote_is_not_sent(orders):
    shop = make_shop()
    quote = shop.quote()
    update_quote(quote=quote, lines=[])
    with pytest.raises(Refused) as refusal:
        send_quote(quote=quote)
    assert problem_of(refusal) == ("REQUIRED", ("lines",))


def test_a_discount_beyond_the_limit_needs_the_right(orders, acts):
    shop = make_shop(discount_limit=D("0.1"))
    quote = shop.quote(QuoteLineInput(item=shop.tea, quantity=D(10), discount=D("0.15")))
    with acts("orders.quote_send"):
        with pytest.raises(Refused) as refusal:
            send_quote(quote=quote)
        assert problem_of(refusal) == ("LIMIT", ("state",))
    with acts("orders.quote_send", "orders.quote_over_discount"):
        assert send_quote(quote=quote).state == "sent"


def test_a_discount_at_the_limit_needs_no_right(orders, acts):
    shop = make_shop(discount_limit=D("0.15"))
    quote = shop.quote(QuoteLineInput(item=shop.tea, discount=D("0.15")))
    with acts("orders.quote_send"):
        assert send_quote(quote=quote).state == "sent"


def test_without_the_right_to_send_nothing_happens(orders, acts):
    quote = make_shop().quote()
    with acts("orders.quote_update"), pytest.raises(Forbidden):
        send_quote(quote=quote)
    assert Quote.objects.get().state == "draft"


def test_a_held_quote_is_locked_and_goes_out_when_it_is_approved(orders, acts, process):
    shop = make_shop(discount_limit=D("0.1"))
    quote = shop.quote(QuoteLineInput(item=shop.tea, quantity=D(10), discount=D("0.15")))
    with acts("orders.quote_send", "orders.quote_update"):
        assert send_quote(quote=quote).state == "draft"
        hold = TransitionHold.objects.get()
        assert (hold.document, hold.target, hold.content_hash) == (quote.pk, "sent", content_hash(quote))
        with pytest.raises(Refused) as refusal:
            update_quote(quote=quote, lines=[])
        assert problem_of(refusal) == ("STATE", ("state",))
        from tessera.context import current

        requester = current().actor
    process.add(hold.content_hash)
    assert release_hold(hold=hold, requester=requester).state == "released"
    assert Quote.objects.get().state == "sent"


def test_an_approval_holds_for_one_content_only(orders, process):
    shop = make_shop()
    quote = shop.quote()
    process.add(content_hash(quote))
    assert send_quote(quote=quote).state == "sent"
    line = quote.lines.get()
    changed = update_quote(quote=quote, lines=[QuoteLineInput(line=line, unit_price=D(17))])
    assert (changed.state, changed.revision, changed.number) == (
        "draft",
        2,
        "Q-2026-00001".replace("2026", str(quote.document_date.year)),
    )
    assert send_quote(quote=changed).state == "draft"
    assert TransitionHold.objects.get().content_hash == content_hash(changed)


def test_an_edit_after_sending_is_the_next_revision_and_the_first_is_kept_whole(orders):
    shop = make_shop()
    quote = send_quote(quote=shop.quote())
    line = quote.lines.get()
    update_quote(quote=quote, lines=[QuoteLineInput(line=line, quantity=D(12)), QuoteLineInput(item=shop.coffee)])
    again = send_quote(quote=quote)
    assert (again.revision, again.net_total) == (2, D("262.00"))
    kept = {row.revision: row.content for row in DocumentRevision.objects.filter(document=quote.pk)}
    assert [kept[n]["net_total"] for n in (1, 2)] == ["180", "262"]
    assert again.lines.get(position=1).pk == line.pk


def test_a_note_does_not_make_a_revision(orders):
    quote = send_quote(quote=make_shop().quote())
    noted = update_quote(quote=quote, note="call on Monday")
    assert (noted.state, noted.revision, noted.note) == ("sent", 1, "call on Monday")


def test_equal_content_has_an_equal_hash_whatever_the_spelling(orders):
    shop = make_shop()
    one = shop.quote(QuoteLineInput(item=shop.tea, quantity=D("1.5"), unit_price=D("2")))
    two = shop.quote(QuoteLineInput(item=shop.tea, quantity=D("1.500000"), unit_price=D("2.00")))
    assert content_hash(one) == content_hash(two)


def test_acceptance_makes_one_order_with_its_lines_linked(orders):
    shop = make_shop()
    quote = send_quote(quote=shop.quote(QuoteLineInput(item=shop.tea, quantity=D(10), discount=D("0.15"))))
    order = accept_quote(quote=quote)
    assert accept_quote(quote=quote, revision=1) == order
    assert SalesOrder.objects.get() == order
    line = order.lines.get()
    assert (order.state, order.number, order.gross_total, line.net, line.base_quantity) == (
        "draft",
        None,
        D("153.00"),
        D("153.00"),
        10,
    )
    link = LineLink.objects.get()
    assert (link.type, link.source_line, link.target_line, link.base_quantity) == ("derives", quote.lines.get().pk, line.pk, 10)
    fact = OutboxEvent.objects.get(name="orders.quote_accepted")
    assert fact.data == {"order": str(order.pk), "revision": 1, "opportunity": None}


def test_another_revision_than_the_present_one_is_not_accepted(orders):
    quote = send_quote(quote=make_shop().quote())
    with pytest.raises(Refused) as refusal:
        accept_quote(quote=quote, revision=2)
    assert problem_of(refusal) == ("CONFLICT", ("revision",))


def test_a_draft_and_a_late_quote_are_not_accepted(orders):
    shop = make_shop()
    with pytest.raises(Refused) as refusal:
        accept_quote(quote=shop.quote())
    assert problem_of(refusal) == ("STATE", ("state",))
    late = send_quote(quote=shop.quote())
    with _raw():
        late.valid_until = late.document_date = date(2020, 1, 1)
        late.save()
    with pytest.raises(Refused) as refusal:
        accept_quote(quote=late)
    assert problem_of(refusal) == ("STATE", ("valid_until",))
    assert not SalesOrder.objects.exists()


def test_quotes_expire_once_their_validity_is_over(orders):
    shop = make_shop()
    late, good = send_quote(quote=shop.quote()), send_quote(quote=shop.quote())
    with _raw():
        late.document_date = late.valid_until = good.document_date - timedelta(days=1)
        late.save()
    assert (expire_quotes(), expire_quotes()) == (1, 0)
    assert dict(Quote.objects.values_list("pk", "state")) == {late.pk: "expired", good.pk: "sent"}


def test_a_rejected_quote_is_not_changed_any_more(orders):
    quote = send_quote(quote=make_shop().quote())
    assert reject_quote(quote=quote, reason="too dear").reason == "too dear"
    with pytest.raises(Refused) as refusal:
        update_quote(quote=quote, note="x")
    assert problem_of(refusal) == ("STATE", ("state",))


def _raw():
    from tessera.unit_of_work import unit_of_work

    return unit_of_work()
