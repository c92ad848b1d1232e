"""Give money back by hand: Stripe is told, and what follows here comes by its events, as everything does."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

import stripe
from django.utils.translation import gettext as _
from tessera.context import enter, system
from tessera.errors import Refused
from tessera.money import round_money

from billing.gateway.money import Payment, create_refund, find_refund, read_payments
from billing.models import Instruction, Invoice
from billing.services.audit import WRITTEN
from billing.services.instructions import begin, finish, refuse
from tenants.models import Tenant

ACT = "refund"
LONGEST_REASON = 300


@dataclass(frozen=True)
class Refunded:
    """What was given back: the refund's key at Stripe, and how much."""

    refund: str
    amount: Decimal
    currency: str


def refund_invoice(*, invoice: str, by: str, reason: str, amount: Decimal | None = None) -> Refunded:
    """Give back what was paid for an invoice, or an `amount` of it with tax; killed and asked again, it is given back once.

    Refused, each with its field: NOT_FOUND for an invoice that is not known, by its key or its number; STATE where nothing was paid
    by card or all of it was given back, INVALID for an amount that is none or more than is left, REQUIRED without a reason,
    CONFLICT while somebody else gives something back to this customer. Raises Unreachable.
    """
    row = Invoice.objects.filter(stripe_id=invoice).first() or Invoice.objects.filter(number=invoice).exclude(number="").first()
    if row is None:
        raise Refused("NOT_FOUND", _("There is no invoice of this key or number."), "invoice")
    if not (reason := reason.strip()) or len(reason) > LONGEST_REASON:
        raise Refused("INVALID" if reason else "REQUIRED", _("Say why, in up to 300 characters."), "reason")
    if amount is not None and (amount <= 0 or amount != round_money(amount, row.currency)):
        raise Refused("INVALID", _("Give an amount above nothing, in whole minor units."), "amount")
    with _within(row.customer.tenant, by):
        return _given_back(row, by=by, reason=reason, amount=amount)


@contextmanager
def _within(tenant: Tenant, by: str) -> Iterator[None]:
    """Work inside the company, so that its audit tells of it; one that is kept as an archive only has no audit to write to."""
    if tenant.state not in WRITTEN:
        yield
        return
    with enter(tenant.ref(), actor=system(by), modules=frozenset()):
        yield


def _given_back(row: Invoice, *, by: str, reason: str, amount: Decimal | None) -> Refunded:
    wish = {"invoice": row.stripe_id, "wish": None if amount is None else format(amount, "f"), "reason": reason}
    begun = row.customer.instructions.filter(act=ACT, subject=row.stripe_id, state=Instruction.State.OPEN).first()
    told = begun.asked if begun and wish.items() <= begun.asked.items() else None
    if begun and told and (made := find_refund(key=begun.pk, intent=told["intent"])):
        return _finished(begun, made, row.currency)
    told = told or wish | _chosen(read_payments(row.stripe_id), amount)
    shown = {"total": told["amount"], "comment": reason}
    instruction = begin(customer=row.customer, act=ACT, asked=told, by=by, subject=row.stripe_id, is_alone=True, shown=shown)
    wanted = Decimal(told["amount"])
    try:
        made = create_refund(key=instruction.pk, intent=told["intent"], amount=wanted, currency=row.currency, reason=reason)
    except stripe.InvalidRequestError as error:
        refuse(instruction, str(error))
        raise Refused("INVALID", error.user_message or str(error), "amount") from error
    return _finished(instruction, made, row.currency)


def _chosen(payments: list[Payment], amount: Decimal | None) -> dict[str, str]:
    """Return of which payment how much is given back."""
    left = {each.intent: each.amount - each.refunded for each in payments if each.amount > each.refunded}
    if not left:
        raise Refused("STATE", _("Nothing of this invoice was paid by card, or all of that was given back."), "invoice")
    if amount is None and len(left) > 1:
        raise Refused("STATE", _("This invoice was paid in several parts: say how much is given back."), "amount")
    wanted = max(left.values()) if amount is None else amount
    intent = next((intent for intent, rest in left.items() if rest >= wanted), None)
    if intent is None:
        most = {"most": format(max(left.values()), "f")}
        raise Refused("INVALID", _("At most %(most)s can be given back.") % most, "amount")
    return {"intent": intent, "amount": format(wanted, "f")}


def _finished(instruction: Instruction, refund: str, currency: str) -> Refunded:
    finish(instruction)
    return Refunded(refund, Decimal(instruction.asked["amount"]), currency)
