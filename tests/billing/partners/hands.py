"""What a company and the bank do about the invoices of a partner's module."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from typing import Any
from unittest.mock import patch

import pytest

from billing.local_stripe.amounts import rounded
from billing.local_stripe.connect import onboard
from billing.models import Customer, Partner, PartnerLine
from billing.partners.folding import totals
from billing.partners.onboarding import onboard_partner, refresh_account
from billing.tasks import sweep
from tests.billing.core.shop import Shop

FINANCE = "module.finance.month.usd"  # 20 dollars, of which 4 are the platform's


class Killed(BaseException):
    """The process ends here."""


@contextmanager
def dying_at(module: Any, name: str, *, does: bool) -> Iterator[None]:
    """Let the process end at a call of a module, which `does` its work before or not; afterwards it is as it was."""
    real = getattr(module, name)

    def dies(*given: Any, **more: Any) -> None:
        if does:
            real(*given, **more)
        raise Killed

    with patch.object(module, name, dies):
        yield


@contextmanager
def killed_at(module: Any, name: str, *, does: bool) -> Iterator[None]:
    """Say that the process ended there."""
    with dying_at(module, name, does=does), pytest.raises(Killed):
        yield


class Dealer:
    """A company at the local Stripe that pays for a partner's module."""

    def __init__(self, shop: Shop, tenant: Any, customer: Customer | None = None) -> None:
        self.shop, self.v1, self.tenant = shop, shop.v1, tenant
        self.customer = customer or shop.customer(tenant)
        self.told: set[str] = set()

    @classmethod
    def of(cls, shop: Shop, tenant: Any) -> "Dealer":
        """Return a company that has bought already, as it is."""
        return cls(shop, tenant, Customer.objects.get(tenant=tenant))

    def buys(self, *keys: str, **params: Any) -> Any:
        """Subscribe, by default to the plan and the partner's module; return the paid invoice."""
        made = self.shop.buys(self.customer, *(keys or ("custom.month.usd", FINANCE)), **params)
        return self.v1.invoices.retrieve(made.latest_invoice)

    def charge(self, invoice: str) -> Any:
        (payment,) = self.v1.invoice_payments.list({"invoice": invoice, "status": "paid"}).data
        return self.v1.charges.list({"payment_intent": payment.payment.payment_intent}).data[0]

    def gives_back(self, invoice: str, cents: int) -> Any:
        return self.v1.refunds.create({"charge": self.charge(invoice).id, "amount": cents})

    def credits(self, invoice: str, cents: int) -> Any:
        """Credit an amount by a note that gives it back to the card."""
        return self.v1.credit_notes.create({"invoice": invoice, "amount": cents, "refund_amount": cents})

    def credits_line(self, invoice: str, line: str, cents: int) -> Any:
        """Credit an amount of one line, before discounts and tax, by a note that gives it back to the card."""
        lines = [{"type": "invoice_line_item", "invoice_line_item": line, "amount": cents}]
        (told,) = [each for each in self.v1.invoices.line_items.list(invoice, {"limit": 100}).data if each.id == line]
        part = Fraction(cents, told.amount)
        off = rounded(sum(each.amount for each in told.discount_amounts) * part)
        tax = sum(rounded(each.amount * part) for each in told.taxes or ())
        return self.v1.credit_notes.create({"invoice": invoice, "lines": lines, "refund_amount": cents - off + tax})

    def lines(self, invoice: str) -> dict[str, str]:
        """Return the lines of an invoice by the products that they are of."""
        found = self.v1.invoices.line_items.list(invoice, {"limit": 100}).data
        return {self.v1.products.retrieve(each.pricing.price_details.product).name: each.id for each in found}

    def local(self, path: str, **form: str) -> Any:
        """Do what only the local Stripe can."""
        return self.shop.stripe.client.raw_request("post", path, **form)

    def disputes(self, invoice: str) -> str:
        self.local("/_local/disputes", charge=self.charge(invoice).id)
        (dispute,) = self.v1.disputes.list({"charge": self.charge(invoice).id}).data
        return dispute.id

    def decides(self, dispute: str, status: str) -> None:
        self.local(f"/_local/disputes/{dispute}/decide", status=status)

    def news(self) -> list[dict[str, Any]]:
        """Return the events that this was not asked for yet, also where Stripe has forgotten some of those before."""
        events = self.v1.events.list({"limit": 100}).auto_paging_iter()
        new = [each.to_dict(for_json=True) for each in events if each.id not in self.told][::-1]
        self.told |= {each["id"] for each in new}
        return new

    def works(self) -> None:
        """Send what is new, and let the clock process it."""
        if events := self.news():
            assert set(self.shop.tell(*events)) == {200}
        sweep()


def onboarded(shop: Shop, vendor: str = "acme") -> Partner:
    """Return a partner who has told Stripe everything, whom Stripe pays."""
    partner, _link = onboard_partner(vendor=vendor, email=f"{vendor}@example.com", country="DE")
    local = shop.stripe.local
    with local.lock:
        onboard(local, local.store.get("account", str(partner.account)))
    return refresh_account(partner=partner)


def funded(dealer: Dealer) -> None:
    """Let the platform's balance have what it may pay out of."""
    for _number in range(3):
        dealer.shop.buys(dealer.customer, "enterprise.month.usd")
    dealer.shop.stripe.advance(days=3)
    dealer.works()


def lines() -> list[tuple[str, Decimal, Decimal, Decimal]]:
    """Return the ledger as it is: kind, gross, share, net of each line in the order it was booked."""
    found = PartnerLine.objects.order_by("booked_at", "id")
    return [(line.kind, *(round(each, 2) for each in (line.gross, line.share, line.net))) for line in found]


def owed() -> Decimal:
    return totals(PartnerLine.objects.all())[2]
