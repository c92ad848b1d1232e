"""An operator gives money back once, and what follows comes by Stripe's events."""

from decimal import Decimal as D

import pytest
from tessera.audit.models import AuditEntry
from tessera.context import system
from tessera.errors import Refused
from tessera.testing.plugin import entered

from billing.models import Instruction, Invoice
from billing.partners import refunding
from billing.partners.refunding import refund_invoice
from tests.billing.partners.hands import killed_at, lines, owed

SALE = ("sale", D(20), D(4), D(16))


@pytest.fixture
def invoice(dealer):
    made = dealer.buys()
    dealer.works()
    return made.id


def refunds(dealer, invoice):
    return [each.amount for each in dealer.v1.refunds.list({"charge": dealer.charge(invoice).id}).data]


def give(invoice, amount=None, reason="it did not work"):
    return refund_invoice(invoice=invoice, amount=amount, reason=reason, by="Olga")


def test_a_part_is_given_back_and_booked_by_its_event(dealer, invoice):
    made = give(invoice, D("14.50"))
    assert (made.amount, made.currency, refunds(dealer, invoice)) == (D("14.50"), "USD", [1450])
    assert lines() == [SALE]
    dealer.works()
    assert lines() == [SALE, ("refund", D(-10), D(-2), D(-8))]
    told = Instruction.objects.get()
    assert (told.act, told.subject, told.state, told.asked_by) == ("refund", invoice, "done", "Olga")
    with entered(told.customer.tenant, actor=system("test")):
        written = AuditEntry.objects.filter(label="billing.Instruction", record=told.pk).order_by("id")
        assert [(each.verb, each.after.get("state"), each.after.get("total")) for each in written] == [
            ("create", "open", "14.50"),
            ("update", "done", None),
        ]


def test_without_an_amount_all_that_is_left_is_given_back_by_the_invoices_number_too(dealer, invoice):
    give(invoice, D(9))
    give(Invoice.objects.get(stripe_id=invoice).number)
    assert refunds(dealer, invoice) == [2000, 900]
    dealer.works()
    assert owed() == 0


@pytest.mark.parametrize("seam", ["before", "after", "after two days"])
@pytest.mark.parametrize("amount", [None, D(5)])
def test_a_kill_gives_back_once(dealer, invoice, seam, amount):
    with killed_at(refunding, "create_refund", does=seam != "before"):
        give(invoice, amount)
    if seam == "after two days":
        dealer.shop.stripe.advance(days=2)
        Instruction.objects.update(created_at="2020-01-01T00:00:00Z")
    assert give(invoice, amount).amount == (amount or 29)
    assert refunds(dealer, invoice) == [500 if amount else 2900]
    assert Instruction.objects.get().state == "done"


def test_while_one_is_under_way_another_is_refused(dealer, invoice):
    with killed_at(refunding, "create_refund", does=False):
        give(invoice, D(5))
    with pytest.raises(Refused) as refused:
        give(invoice, D(6))
    assert refused.value.problems[0].code == "CONFLICT"
    assert refunds(dealer, invoice) == []


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"invoice": "in_other"}, ("NOT_FOUND", "invoice")),
        ({"amount": D(0)}, ("INVALID", "amount")),
        ({"amount": D("0.001")}, ("INVALID", "amount")),
        ({"amount": D("29.01")}, ("INVALID", "amount")),
        ({"reason": " "}, ("REQUIRED", "reason")),
    ],
)
def test_what_cannot_be_given_back_is_refused_by_its_field(dealer, invoice, given, found):
    with pytest.raises(Refused) as refused:
        give(**{"invoice": invoice, **given})
    assert [(each.code, *each.field) for each in refused.value.problems] == [found]
    assert refunds(dealer, invoice) == []
    assert not Instruction.objects.filter(state="open").exists()


def test_what_was_given_back_whole_has_nothing_left(dealer, invoice):
    give(invoice)
    with pytest.raises(Refused) as refused:
        give(invoice)
    assert [(each.code, *each.field) for each in refused.value.problems] == [("STATE", "invoice")]
