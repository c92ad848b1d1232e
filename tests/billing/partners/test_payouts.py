"""Statements are the sum of their lines, and each is paid by one transfer, whatever is killed on the way."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone
from tessera.errors import Refused

from billing.gateway.client import Unreachable
from billing.models import Partner, PartnerLine, PartnerStatement, Payout, StatementEntry
from billing.partners import onboarding, payouts
from billing.partners.folding import settle_invoice
from billing.partners.onboarding import hold_partner, onboard_partner, release_partner
from billing.partners.payouts import pay_partners
from billing.partners.statements import balances_of, close_statements, last_month, next_month
from tests.billing.partners.hands import funded, killed_at, onboarded

BEGIN = datetime(2031, 1, 10, 9, tzinfo=UTC)


@pytest.fixture
def month(dealer, time_machine):
    """Let Stripe's clock and ours go together; return a function that closes the month at hand and begins the next."""
    dealer.shop.stripe.advance(int(BEGIN.timestamp()) - dealer.shop.stripe.now)
    time_machine.move_to(BEGIN)

    def close():
        this = timezone.now().date().replace(day=1)
        begins = datetime(*next_month(this).timetuple()[:3], 12, tzinfo=UTC) + timedelta(days=4)
        dealer.shop.stripe.advance(int((begins - timezone.now()).total_seconds()))
        time_machine.move_to(begins)
        dealer.works()
        return close_statements(month=this)

    return close


def told(statement):
    return tuple(round(getattr(statement, name), 2) for name in ("opening", "gross", "share", "net", "closing", "due"))


def transfers(dealer):
    return [(each.amount, each.destination) for each in dealer.v1.transfers.list({"limit": 100}).data]


@pytest.fixture
def due(dealer, month):
    """Return a payout of 16 dollars to a partner whom Stripe pays."""
    onboarded(dealer.shop)
    funded(dealer)
    dealer.buys()
    dealer.works()
    month()
    return Payout.objects.get()


def test_a_statement_is_opening_and_lines_and_is_paid(dealer, month):
    partner = onboarded(dealer.shop)
    funded(dealer)
    invoice = dealer.buys()
    dealer.gives_back(invoice.id, 1450)
    (statement,) = month()
    assert told(statement) == (0, 10, 2, 8, 8, 8)
    assert (statement.month, statement.line_count, statement.currency) == (date(2031, 1, 1), 2, "USD")
    (paid,) = pay_partners()
    assert (paid.why, paid.payout.state, paid.payout.amount) == ("", "paid", 8)
    assert transfers(dealer) == [(800, partner.account)]
    assert list(pay_partners()) == []


def test_what_was_given_back_after_the_payout_is_carried_until_it_is_earned(dealer, month):
    onboarded(dealer.shop)
    funded(dealer)
    first = dealer.buys()
    assert told(month()[0])[4:] == (16, 16)
    list(pay_partners())
    dealer.v1.subscriptions.cancel(first.parent.subscription_details.subscription)  # so that nothing more is earned
    dealer.gives_back(first.id, 2900)
    dealer.works()
    (owing,) = month()
    assert told(owing) == (0, -20, -4, -16, -16, 0)
    dealer.buys()
    dealer.buys()
    assert told(month()[0]) == (-16, 40, 8, 32, 16, 16)
    list(pay_partners())
    assert [amount for amount, _to in transfers(dealer)] == [1600, 1600]
    (balance,) = balances_of(Partner.objects.get())
    assert (balance.owed, balance.of_lines) == (0, 0)


def test_what_is_below_the_least_that_is_paid_is_carried(dealer, month, settings):
    settings.TESSERA_PARTNER_MINIMUM = {"USD": "25"}
    onboarded(dealer.shop)
    funded(dealer)
    dealer.buys()
    assert told(month()[0])[4:] == (16, 0)
    assert not Payout.objects.exists()
    assert told(month()[0]) == (16, 20, 4, 16, 32, 32)


def test_a_line_that_comes_late_is_of_the_next_statement(dealer, month):
    first = dealer.buys()
    dealer.v1.subscriptions.cancel(first.parent.subscription_details.subscription)
    dealer.works()
    dealer.gives_back(first.id, 1450)
    dealer.news()  # and lost
    assert told(month()[0]) == (0, 20, 4, 16, 16, 16)
    settle_invoice(invoice=first.id)
    assert PartnerLine.objects.get(kind="refund").occurred_at.date() == BEGIN.date()
    assert told(month()[0]) == (0, -10, -2, -8, -8, 0)
    assert StatementEntry.objects.count() == PartnerLine.objects.count() == 2


def test_a_month_is_closed_once_and_not_before_it_is_over(dealer, month):
    dealer.buys()
    dealer.works()
    with pytest.raises(Refused) as refused:
        close_statements(month=date(2031, 1, 1))
    assert [(each.code, each.field) for each in refused.value.problems] == [("STATE", ("month",))]
    assert len(month()) == 1
    assert close_statements(month=date(2031, 1, 1)) == []
    assert close_statements(month=date(2030, 12, 1)) == []


@pytest.mark.parametrize(("now", "month"), [((2031, 1, 1), date(2030, 12, 1)), ((2031, 3, 31), date(2031, 2, 1))])
def test_the_last_month_is_the_one_before_this(now, month):
    assert last_month(datetime(*now, tzinfo=UTC)) == month


SEAMS = ["before the transfer", "after the transfer", "after a day"]


@pytest.mark.parametrize("seam", SEAMS)
def test_a_kill_pays_once(dealer, due, seam):
    with killed_at(payouts, "create_transfer", does=seam != "before the transfer"):
        list(pay_partners())
    assert Payout.objects.get().state == "open"
    if seam == "after a day":
        dealer.shop.stripe.advance(days=2)  # Stripe has forgotten the key
    (paid,) = pay_partners()
    assert (paid.payout.pk, paid.payout.state) == (due.pk, "paid")
    assert [amount for amount, _to in transfers(dealer)] == [1600]


def test_two_that_pay_at_once_make_one_transfer(dealer, due, monkeypatch):
    """Each has looked for a transfer before the other has made it."""
    find, inner = payouts.find_transfer, []

    def looks(group):
        found = find(group)
        if not inner:
            inner.append(True)
            inner.extend(pay_partners())
        return found

    monkeypatch.setattr(payouts, "find_transfer", looks)
    (outer,) = pay_partners()
    assert outer.payout.transfer == inner[1].payout.transfer
    assert len(transfers(dealer)) == 1


def test_a_lost_answer_is_found_again(dealer, due):
    dealer.shop.stripe.faults(outage="lose")
    with pytest.raises(Unreachable):
        list(pay_partners())
    dealer.shop.stripe.faults()
    (paid,) = pay_partners()
    assert (paid.payout.state, len(transfers(dealer))) == ("paid", 1)


def test_what_stripe_refuses_waits_with_its_reason_and_is_tried_again(dealer, month):
    onboarded(dealer.shop)
    dealer.buys()
    month()
    available = dealer.v1.balance.retrieve().available[0].amount
    dealer.v1.payouts.create({"amount": available, "currency": "usd"})
    (refused,) = pay_partners()
    assert "insufficient available funds" in refused.why
    waiting = Payout.objects.get()
    assert (waiting.state, waiting.refusals, waiting.why) == ("open", 1, refused.why)
    funded(dealer)
    (paid,) = pay_partners()
    assert (paid.payout.state, paid.payout.why) == ("paid", "")


def test_who_is_held_or_unknown_to_stripe_is_not_paid_until_they_are_not(dealer, month):
    funded(dealer)
    dealer.buys()
    month()
    (waits,) = pay_partners()
    assert waits.why == "has no account"
    onboard_partner(vendor="acme", email="acme@example.com", country="DE")
    (waits,) = pay_partners()
    assert waits.why == "tells Stripe who they are"
    onboarded(dealer.shop)
    hold_partner(vendor="acme", reason="we ask who they are")
    (waits,) = pay_partners()
    assert waits.why == "we ask who they are"
    release_partner(vendor="acme")
    (paid,) = pay_partners(vendor="acme")
    assert paid.payout.state == "paid"


def test_onboarding_that_is_killed_makes_one_account(dealer):
    with killed_at(onboarding, "create_account", does=True):
        onboard_partner(vendor="acme", email="acme@example.com", country="de")
    partner, link = onboard_partner(vendor="acme")
    assert [each.id for each in dealer.v1.accounts.list().data] == [partner.account]
    assert link.endswith(f"/onboard/{partner.account}")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"vendor": "nobody"}, [("NOT_FOUND", ("vendor",))]),
        ({"vendor": "acme"}, [("REQUIRED", ("email",)), ("REQUIRED", ("country",))]),
        ({"vendor": "acme", "email": "acme", "country": "DEU"}, [("INVALID", ("email",)), ("INVALID", ("country",))]),
    ],
)
def test_who_cannot_be_onboarded_is_refused_by_field(dealer, given, found):
    with pytest.raises(Refused) as refused:
        onboard_partner(**given)
    assert [(each.code, each.field) for each in refused.value.problems] == found
    assert dealer.v1.accounts.list().data == []


def test_statements_and_paid_payouts_never_change(dealer, due):
    list(pay_partners())
    for act in (
        lambda: PartnerStatement.objects.update(due=0),
        lambda: PartnerStatement.objects.all()._raw_delete("shared"),
        lambda: StatementEntry.objects.all()._raw_delete("shared"),
        lambda: Payout.objects.update(transfer="tr_other"),
        lambda: Payout.objects.all()._raw_delete("shared"),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(using="shared"):
            act()


def test_a_statement_is_the_sum_of_its_lines_and_its_payout_what_is_due(dealer, month):
    dealer.buys()
    dealer.works()
    line = PartnerLine.objects.get()
    values = {"partner": line.partner, "currency": "USD", "month": date(2031, 1, 1), "line_count": 1, "opening": 0}
    with pytest.raises(IntegrityError, match="sum of its lines"), transaction.atomic(using="shared"):
        wrong = PartnerStatement.objects.create(**values, gross=21, share=4, net=17, closing=17, due=17)
        StatementEntry.objects.create(statement=wrong, line=line)
    with pytest.raises(IntegrityError, match="what is due"), transaction.atomic(using="shared"):
        right = PartnerStatement.objects.create(**values, gross=20, share=4, net=16, closing=16, due=16)
        StatementEntry.objects.create(statement=right, line=line)
        Payout.objects.create(statement=right, amount=D("15.99"))
    for name, value in (("closing", 17), ("due", 15), ("month", date(2031, 1, 2))):
        with pytest.raises(IntegrityError, match=r"billing_statement_"), transaction.atomic(using="shared"):
            fine = {"gross": 20, "share": 4, "net": 16, "closing": 16, "due": 16}
            PartnerStatement.objects.create(**{**values, **fine, name: value})
