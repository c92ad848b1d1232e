"""Each paid line of a partner's module is booked once, and what is given back of it is taken back to the cent."""

from decimal import Decimal as D

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from billing.mirror.reconciling import reconcile_with_stripe
from billing.models import Partner, PartnerLine, SharedInvoice, StripeEvent
from billing.partners.folding import settle_invoice
from tests.billing.core.shop import states
from tests.billing.partners.hands import FINANCE, lines, onboarded, owed

SALE = ("sale", D(20), D(4), D(16))


def test_a_paid_line_is_the_partners_without_the_platforms_share_and_without_tax(dealer):
    rate = dealer.v1.tax_rates.create({"display_name": "VAT", "inclusive": False, "percentage": 19})
    invoice = dealer.buys(default_tax_rates=[rate.id])
    assert invoice.total == 2900 * 119 // 100
    dealer.works()
    assert lines() == [SALE]
    line = PartnerLine.objects.get()
    assert (line.partner.vendor, line.product, line.currency, line.basis_points) == ("acme", "module.finance", "USD", 2_000)
    assert line.invoice.stripe_id == invoice.id
    assert line.partner.standing == Partner.Standing.NEW  # it is theirs before they have told Stripe anything


def test_a_discount_lowers_what_is_shared(dealer):
    coupon = dealer.v1.coupons.create({"percent_off": 25, "duration": "forever"})
    dealer.buys(discounts=[{"coupon": coupon.id}])
    dealer.works()
    assert lines() == [("sale", D(15), D(3), D(12))]


def test_however_often_and_in_whatever_order_events_come_a_line_is_booked_once(dealer):
    invoice = dealer.buys()
    dealer.gives_back(invoice.id, 1450)
    events = dealer.news()
    for _round in range(2):
        dealer.shop.tell(*reversed(events), *events)
        for event in StripeEvent.objects.all():
            StripeEvent.objects.filter(pk=event.pk).update(state="received", done_at=None, due_at=event.created)
        dealer.works()
    assert lines() == [SALE, ("refund", D(-10), D(-2), D(-8))]
    assert set(states().values()) == {"done"}


def test_an_invoice_without_a_partners_line_is_looked_at_and_books_nothing(dealer):
    invoice = dealer.buys("starter.month.usd")
    dealer.works()
    assert lines() == []
    assert SharedInvoice.objects.get().stripe_id == invoice.id


def test_an_invoice_that_is_not_paid_books_nothing_until_it_is(dealer):
    dealer.shop.pays_with(dealer.customer, "pm_card_chargeCustomerFail")
    invoice = dealer.buys()
    dealer.works()
    assert (invoice.status, lines()) == ("open", [])
    settle_invoice(invoice=invoice.id)
    assert lines() == []
    dealer.shop.pays_with(dealer.customer, "pm_card_visa")
    dealer.v1.invoices.pay(invoice.id)
    dealer.works()
    assert lines() == [SALE]


def test_refunds_in_parts_take_back_the_whole_to_the_cent(dealer):
    invoice = dealer.buys()
    dealer.works()
    for cents in (1, 333, 333, 333, 1900):
        dealer.gives_back(invoice.id, cents)
        dealer.works()
    assert len(lines()) == 6
    assert [sum(line[number] for line in lines()) for number in (1, 2, 3)] == [0, 0, 0]
    assert lines()[1] == ("refund", D("-0.01"), D(0), D("-0.01"))


def test_a_credit_note_that_gives_money_back_counts_once(dealer):
    invoice = dealer.buys()
    dealer.credits(invoice.id, 1450)
    dealer.works()
    assert lines() == [SALE, ("credit", D(-10), D(-2), D(-8))]


def test_a_bundle_brings_the_partner_the_part_that_the_catalogue_states(dealer, settings):
    settings.TESSERA_CATALOGUE = "tests.billing.partners.planted.WITH_PARTS"
    invoice = dealer.buys("custom.month.usd", "bundle.erp.month.usd")  # 9 and 35 dollars
    dealer.works()
    assert lines() == [("sale", D(14), D("2.80"), D("11.20"))]
    line = PartnerLine.objects.get()
    assert (line.product, line.module, line.what) == ("bundle.erp", "finance", "bundle.erp/finance")
    dealer.credits_line(invoice.id, dealer.lines(invoice.id)["bundle.erp"], 1750)
    dealer.works()
    assert lines()[1:] == [("credit", D(-7), D("-1.40"), D("-5.60"))]
    dealer.gives_back(invoice.id, 2650)
    dealer.works()
    assert owed() == 0


def test_a_part_of_nothing_books_nothing(dealer):
    dealer.buys("business.month.usd")
    dealer.works()
    assert lines() == []


def test_a_credit_note_of_one_line_takes_from_that_alone(dealer):
    rate = dealer.v1.tax_rates.create({"display_name": "VAT", "inclusive": False, "percentage": 19})
    invoice = dealer.buys(default_tax_rates=[rate.id])
    of = dealer.lines(invoice.id)
    dealer.credits_line(invoice.id, of["plan.custom"], 900)
    dealer.works()
    assert lines() == [SALE]
    dealer.credits_line(invoice.id, of["module.finance"], 500)
    dealer.works()
    assert lines() == [SALE, ("credit", D(-5), D(-1), D(-4))]
    dealer.gives_back(invoice.id, 15 * 119)  # all that is left of it is the partner's
    dealer.works()
    assert lines()[2:] == [("refund", D(-15), D(-3), D(-12))]
    settle_invoice(invoice=invoice.id)
    assert len(lines()) == 3


def test_what_was_spread_before_a_line_was_credited_is_reckoned_anew(dealer):
    invoice = dealer.buys()
    dealer.gives_back(invoice.id, 1450)
    dealer.works()
    assert lines() == [SALE, ("refund", D(-10), D(-2), D(-8))]
    dealer.credits_line(invoice.id, dealer.lines(invoice.id)["plan.custom"], 900)  # so the refund was of the module but for 5.50
    dealer.works()
    assert lines()[2:] == [("credit", D("-4.50"), D("-0.90"), D("-3.60"))]


def test_a_note_that_is_voided_takes_nothing(dealer):
    dealer.shop.pays_with(dealer.customer, "pm_card_chargeCustomerFail")
    invoice = dealer.buys()
    line = {"type": "invoice_line_item", "invoice_line_item": dealer.lines(invoice.id)["module.finance"], "amount": 1000}
    note = dealer.v1.credit_notes.create({"invoice": invoice.id, "lines": [line]})
    dealer.v1.credit_notes.void_credit_note(note.id)
    dealer.shop.pays_with(dealer.customer, "pm_card_visa")
    dealer.v1.invoices.pay(invoice.id)
    dealer.works()
    assert lines() == [SALE]


def test_a_credit_note_before_the_payment_lowers_what_is_earned(dealer):
    dealer.shop.pays_with(dealer.customer, "pm_card_chargeCustomerFail")
    invoice = dealer.buys()
    dealer.v1.credit_notes.create({"invoice": invoice.id, "amount": 1450})
    dealer.shop.pays_with(dealer.customer, "pm_card_visa")
    dealer.v1.invoices.pay(invoice.id)
    dealer.works()
    assert lines() == [SALE, ("credit", D(-10), D(-2), D(-8))]


def test_a_dispute_takes_everything_and_a_won_one_gives_it_back(dealer):
    invoice = dealer.buys()
    dispute = dealer.disputes(invoice.id)
    dealer.works()
    assert lines() == [SALE, ("dispute", D(-20), D(-4), D(-16))]
    dealer.decides(dispute, "won")
    dealer.works()
    assert lines()[2:] == [("dispute", D(20), D(4), D(16))]


def test_a_refund_and_a_dispute_never_take_more_than_there_was(dealer):
    invoice = dealer.buys()
    dealer.gives_back(invoice.id, 1450)
    dealer.works()
    dispute = dealer.disputes(invoice.id)
    dealer.works()
    assert owed() == 0
    dealer.decides(dispute, "won")
    dealer.works()
    assert owed() == 8


def test_a_refund_that_fails_is_booked_back(dealer):
    invoice = dealer.buys()
    refund = dealer.gives_back(invoice.id, 1450)
    dealer.works()
    dealer.local(f"/_local/refunds/{refund.id}/fail")
    dealer.works()
    assert lines() == [SALE, ("refund", D(-10), D(-2), D(-8)), ("refund", D(10), D(2), D(8))]


def test_what_is_given_back_for_the_rest_of_a_period_is_taken_from_the_partner(dealer):
    invoice = dealer.buys()
    dealer.shop.stripe.advance(days=3)
    item = next(each for each in dealer.v1.subscriptions.list().data[0]["items"].data if each.price.unit_amount == 2000)
    asked = {"items": [{"id": item.id, "deleted": True}], "proration_behavior": "always_invoice"}
    dealer.v1.subscriptions.update(invoice.parent.subscription_details.subscription, asked)
    dealer.works()
    sale, credit = lines()
    assert sale == SALE
    assert credit[0] == "sale" and -20 < credit[1] < -17 and credit[3] == credit[1] - credit[2]
    credited = dealer.v1.invoices.list({"customer": dealer.customer.stripe_id}).data[0]
    assert credit[1] == D(credited.total) / 100


def test_a_refund_of_an_invoice_with_a_credit_in_it_takes_of_what_was_charged_only(dealer):
    """An invoice of 20 for the module, 9 of which are paid by what is given back for the plan: a refund of all 11 is 11 of 20."""
    sub = dealer.shop.buys(dealer.customer, "custom.month.usd")
    (item,) = sub["items"].data
    changes = [{"id": item.id, "deleted": True}, {"price": dealer.shop.price(FINANCE)}]
    dealer.v1.subscriptions.update(sub.id, {"items": changes, "proration_behavior": "always_invoice"})
    invoice = dealer.v1.invoices.list({"customer": dealer.customer.stripe_id}).data[0]
    assert invoice.total == 1100
    dealer.gives_back(invoice.id, 1100)
    dealer.works()
    assert lines() == [SALE, ("refund", D(-11), D("-2.20"), D("-8.80"))]


def test_what_no_event_told_is_found_by_comparing(dealer):
    invoice = dealer.buys()
    dealer.news()  # and lost
    found = [str(gap) for gap in reconcile_with_stripe()]
    assert f"{invoice.id}: acme lacked 16.00 USD" in found
    dealer.gives_back(invoice.id, 290)
    dealer.news()
    assert [str(gap) for gap in reconcile_with_stripe() if gap.about == invoice.id] == [f"{invoice.id}: acme lacked -1.60 USD"]
    assert [gap for gap in reconcile_with_stripe() if gap.about == invoice.id] == []


def test_where_nothing_is_a_partners_stripe_is_not_asked_for_it(dealer, settings):
    settings.TESSERA_CATALOGUE = "billing.catalogue.data.CATALOGUE"
    dealer.buys()
    dealer.works()
    assert not SharedInvoice.objects.exists()


def test_an_older_answer_does_not_take_the_place_of_a_later_one(dealer, monkeypatch):
    from billing.partners import folding

    invoice = dealer.buys()
    dispute = dealer.disputes(invoice.id)
    dealer.works()
    read = folding.read_paid_invoice

    def slow(*given):
        seen = read(*given)
        monkeypatch.setattr(folding, "read_paid_invoice", read)
        dealer.decides(dispute, "won")
        settle_invoice(invoice=invoice.id)
        return seen

    monkeypatch.setattr(folding, "read_paid_invoice", slow)
    assert settle_invoice(invoice=invoice.id) == []
    assert owed() == 16


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"net": 15}, "billing_line_net"),
        ({"source": "il_other", "kind": "refund"}, "billing_line_kind"),
        ({}, "billing_line_once"),
        ({"source": "il_other", "basis_points": 10_001}, "billing_line_basis_points"),
    ],
)
def test_the_database_refuses_a_line_that_cannot_be(dealer, change, says):
    dealer.buys()
    dealer.works()
    line = PartnerLine.objects.get()
    for name, value in {"pk": PartnerLine().pk, **change}.items():
        setattr(line, name, value)
    line._state.adding = True
    with pytest.raises(IntegrityError, match=says), transaction.atomic(using="shared"):
        line.save()


def test_a_line_never_changes_and_never_goes(dealer):
    dealer.buys()
    dealer.works()
    for act in (lambda rows: rows.update(taken=0), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(using="shared"):
            act(PartnerLine.objects.all())


def test_an_account_that_stripe_takes_transfers_for_is_known_by_its_event(dealer):
    partner = onboarded(dealer.shop)
    Partner.objects.update(takes_transfers=False)
    dealer.works()
    assert Partner.objects.get(pk=partner.pk).standing == Partner.Standing.ACTIVE
