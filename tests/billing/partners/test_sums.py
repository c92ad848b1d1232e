"""Whatever is bought, given back, disputed, lost, repeated and killed: lines, statements and payouts are the same to the cent."""

import random
import shutil
from collections import Counter
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from fractions import Fraction

import pytest
import stripe
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tessera.testing import databases

from billing.gateway import client as gateway
from billing.local_stripe.testing import running
from billing.mirror.reconciling import reconcile_with_stripe
from billing.models import PartnerLine, PartnerStatement, Payout, StatementEntry
from billing.partners import payouts
from billing.partners.folding import totals
from billing.partners.payouts import pay_partners
from billing.partners.statements import close_statements, last_month, next_month
from billing.tasks import sweep
from tests.billing.core.shop import Shop
from tests.billing.partners.hands import FINANCE, Dealer, Killed, dying_at, onboarded

ACTS = (
    "buys",
    "refunds",
    "credits",
    "credits_line",
    "disputes",
    "decides",
    "fails",
    "works",
    "works",
    "month",
    "month",
    "reconciles",
)
BEGIN = datetime(2031, 1, 3, 9, tzinfo=UTC)


class Life:
    """A company, a bank, operators and a network without mercy, by one seed."""

    def __init__(self, dealer, seed, time_machine):
        self.dealer, self.chance, self.clock = dealer, random.Random(seed), time_machine
        self.invoices, self.disputes, self.refunds, self.late = [], [], [], []
        self.rate = dealer.v1.tax_rates.create({"display_name": "VAT", "inclusive": False, "percentage": 19})

    def buys(self):
        more = {"default_tax_rates": [self.rate.id]} if self.chance.random() < 0.5 else {}
        if self.chance.random() < 0.5:
            percent = self.chance.randint(1, 60)
            more["discounts"] = [{"coupon": self.dealer.v1.coupons.create({"percent_off": percent, "duration": "once"}).id}]
        keys = (self.chance.choice(["custom.month.usd", "business.month.usd"]), FINANCE)
        made = self.dealer.buys(*keys[self.chance.randint(0, 1) :], **more)
        self.invoices.append(made.id)

    def _some(self, things):
        return self.chance.choice(things) if things else None

    def _left(self, invoice):
        charge = self.dealer.charge(invoice)
        return charge.amount - charge.amount_refunded

    def refunds_(self, call):
        invoice = self._some(self.invoices)
        if invoice and (left := self._left(invoice)):
            try:
                return call(invoice, self.chance.choice([left, self.chance.randint(1, left)]))
            except stripe.InvalidRequestError:  # a credit note may have taken more than was refunded
                return None

    def refunds_one(self):
        if made := self.refunds_(self.dealer.gives_back):
            self.refunds.append(made.id)

    def credits(self):
        self.refunds_(self.dealer.credits)

    def credits_line(self):
        """Credit a part of one line; Stripe refuses what is more than is left of it, or of the payment."""
        if invoice := self._some(self.invoices):
            key = self._some(sorted(self.dealer.lines(invoice).values()))
            (line,) = [each for each in self.dealer.v1.invoices.line_items.list(invoice).data if each.id == key]
            with suppress(stripe.InvalidRequestError):
                self.dealer.credits_line(invoice, key, self.chance.choice([line.amount, self.chance.randint(1, line.amount)]))

    def disputes_one(self):
        invoice = self._some(self.invoices)
        if invoice and not self.dealer.charge(invoice).disputed:
            self.disputes.append(self.dealer.disputes(invoice))

    def decides(self):
        if self.disputes:
            self.dealer.decides(self.disputes.pop(), self.chance.choice(["won", "lost"]))

    def fails(self):
        if self.refunds:
            self.dealer.local(f"/_local/refunds/{self.refunds.pop()}/fail")

    def works(self):
        """Deliver events in any order, some twice, some later, some never."""
        events = [each for each in self.dealer.news() if self.chance.random() > 0.1] + self.late
        self.late = [each for each in events if self.chance.random() < 0.2]
        events += self.chance.sample(events, len(events) // 3)
        self.chance.shuffle(events)
        if events:
            assert set(self.dealer.shop.tell(*events)) == {200}
        sweep()

    def month(self):
        """Let a month pass, close it, and pay with a process that dies at random."""
        begins = datetime(*next_month(timezone.now().date()).timetuple()[:3], 9, tzinfo=UTC) + timedelta(days=3)
        self.dealer.shop.stripe.advance(int((begins - timezone.now()).total_seconds()))
        self.clock.move_to(begins)
        close_statements(month=last_month(timezone.now()))
        seams = [None, *(name for name in ("create_transfer", "note_paid"))]
        self.pays(self.chance.choice(seams), self.chance.random() < 0.5)

    def pays(self, seam=None, does=True):
        if seam is None:
            return list(pay_partners())
        with suppress(Killed), dying_at(payouts, seam, does=does):
            list(pay_partners())

    def reconciles(self):
        reconcile_with_stripe()

    def lives(self, acts):
        own = {"refunds": self.refunds_one, "disputes": self.disputes_one}
        self.buys()
        for act in acts:
            (own.get(act) or getattr(self, act))()
            balanced()
        for each in self.dealer.v1.subscriptions.list({"limit": 100}).data:
            self.dealer.v1.subscriptions.cancel(each.id)
        self.dealer.shop.stripe.advance(2 * 3600)  # drafts become final
        reconcile_with_stripe()
        self.month()
        self.pays()


def balanced():
    """Say that statements are the sum of their lines, follow from each other, and are paid as they say."""
    for statement in PartnerStatement.objects.all():
        told = totals(PartnerLine.objects.filter(entry__statement=statement))
        assert told == (statement.gross, statement.share, statement.net)
    for currency in PartnerStatement.objects.values_list("currency", flat=True).distinct():
        carried = D(0)
        for statement in PartnerStatement.objects.filter(currency=currency).order_by("month"):
            assert statement.opening == carried
            carried = statement.carried
        told = sum((each.net for each in PartnerLine.objects.filter(entry__isnull=False, currency=currency)), D(0))
        assert told == carried + sum((each.amount for each in Payout.objects.filter(statement__currency=currency)), D(0))
    for sale in PartnerLine.objects.filter(kind="sale", gross__gt=0):
        left = totals([sale, *sale.reversals.all()])
        assert all(0 <= rest <= whole for rest, whole in zip(left, (sale.gross, sale.share, sale.net), strict=True))
        assert all(abs(part * 100) % 1 == 0 for part in left)


def given_back(local, invoice):
    """Return what was given back of an invoice by Stripe's own rows, in cents."""
    notes = list(local.of("credit_note", invoice=invoice["id"]))
    told = {each["refund"] for note in notes for each in note["refunds"]}
    (payment,) = local.of("invoice_payment", invoice=invoice["id"], status="paid")
    intent = payment["payment"]["payment_intent"]
    refunds = [
        each["amount"]
        for each in local.of("refund", payment_intent=intent)
        if each["id"] not in told and each["status"] != "failed"
    ]
    disputes = [each["amount"] for each in local.of("dispute", payment_intent=intent) if each["status"] != "won"]
    return sum(refunds) + sum(disputes) + sum(note["amount"] for note in notes)


def with_tax(line, off):
    return line["amount"] - off + sum(each["amount"] for each in line["taxes"])


def left_of(local, invoice, key):
    """Return which part of a line was not given back: notes take from their lines, all else from what these leave."""
    wholes = {each["id"]: with_tax(each, sum(off["amount"] for off in each["discount_amounts"])) for each in invoice["_lines"]}
    named = dict.fromkeys(wholes, 0)
    for note in local.of("credit_note", invoice=invoice["id"]):
        for each in note["_lines"]:
            if each["type"] == "invoice_line_item":
                named[each["invoice_line_item"]] += with_tax(each, each["discount_amount"])
    named = {each: min(named[each], whole) for each, whole in wholes.items()}
    rest = invoice["total"] - sum(named.values())
    spread = Fraction(min(max(given_back(local, invoice) - sum(named.values()), 0), rest), rest) if rest else Fraction(0)
    return 1 - (named[key] + (wholes[key] - named[key]) * spread) / wholes[key]


def wholly_right(life):
    """Say that the ledger is what Stripe's own rows come to, and that what was transferred is what payouts say."""
    local = life.dealer.shop.stripe.local.store
    finance = next(each["id"] for each in local.of("product") if each["name"] == "module.finance")
    sold = {}
    for invoice in (each for each in local.of("invoice") if each["status"] == "paid"):
        for line in invoice["_lines"]:
            if line["pricing"]["price_details"]["product"] == finance and line["amount"]:
                gross = line["amount"] - sum(each["amount"] for each in line["discount_amounts"])
                sold[line["id"]] = (gross, left_of(local, invoice, line["id"]))
    booked = {sale.source: sale for sale in PartnerLine.objects.filter(kind="sale")}
    assert booked.keys() == sold.keys()
    for key, (gross, left) in sold.items():
        sale = booked[key]
        assert (sale.gross * 100, sale.share * 100) == (gross, (gross * 2 + 5) // 10)  # a fifth, half a cent up
        rest = totals([sale, *sale.reversals.all()])
        assert abs(rest[0] * 100 - D(gross * left.numerator) / left.denominator) <= D("0.5")
        if left in (0, 1):
            assert rest[0] * 100 == gross * left and rest[2] == sale.net * int(left)
    sent = {each["id"]: D(each["amount"]) / 100 for each in local.of("transfer")}
    paid = {each.transfer: each.amount for each in Payout.objects.filter(state="paid")}
    assert sent == paid
    assert not Payout.objects.filter(state="open").exists()
    assert StatementEntry.objects.count() == PartnerLine.objects.count()


@pytest.fixture
def begin(_database, tenant, stocked, tmp_path, settings, monkeypatch, time_machine):
    """Return a context in which a life begins: with a Stripe of its own, of which nothing is left in the database."""
    settings.TESSERA_PARTNER_MINIMUM = {}
    monkeypatch.setattr(gateway, "RETRIES", 0)

    @contextmanager
    def life(seed):
        path = shutil.copy(stocked, tmp_path / "rows.json")
        with running(path, deliver=False, at=int(BEGIN.timestamp())) as stripe, databases._undone("shared"):
            stripe.local.store.path = None
            settings.STRIPE_API_BASE = stripe.url
            time_machine.move_to(BEGIN)
            dealer = Dealer(Shop(stripe), tenant)
            onboarded(dealer.shop)
            for _number in range(2):  # the platform has enough to pay from
                dealer.shop.buys(dealer.customer, "enterprise.month.usd")
            yield Life(dealer, seed, time_machine)

    return life


@pytest.mark.safety
def test_lines_statements_and_payouts_are_the_same_and_nothing_is_paid_twice(begin, count):
    examples, seen = count("examples", 3, 200), Counter()
    acts = st.lists(st.sampled_from(ACTS), min_size=4, max_size=count("acts", 12, 30))

    @settings(
        max_examples=examples, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(acts=acts, seed=st.integers(0, 2**32))
    def adds_up(acts, seed):
        with begin(seed) as life:
            life.lives(acts)
            wholly_right(life)
            seen.update(acts=len(acts), lines=PartnerLine.objects.count(), payouts=Payout.objects.count())

    adds_up()
    assert seen["lines"] > examples
    count.note(**seen)
