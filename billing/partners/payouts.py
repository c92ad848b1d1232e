"""Pay what is due by statements: one transfer for each, however often the process dies on the way."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils import timezone

from billing.gateway.connect import SeenTransfer, TransferRefused, create_transfer, find_transfer
from billing.models import Partner, Payout
from billing.partners.onboarding import refresh_account

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What became of a payout: paid, or `why` it waits."""

    payout: Payout
    why: str = ""


def open_payouts(vendor: str = "") -> list[Payout]:
    """Return what is due and not paid, the oldest statement first."""
    found = Payout.objects.filter(state=Payout.State.OPEN).select_related("statement__partner")
    if vendor:
        found = found.filter(statement__partner__vendor=vendor)
    return list(found.order_by("statement__month", "statement__partner__vendor", "statement__currency"))


def pay_partners(*, vendor: str = "") -> Iterator[Outcome]:
    """Pay what is due to all partners, or to one; yield what became of each payout. One that is refused keeps no other back.

    Each is a step of its own: a kill leaves those before it paid and those after it due. Raises Unreachable.
    """
    asked: dict[str, Partner] = {}
    for payout in open_payouts(vendor):
        partner = payout.statement.partner
        if partner.account and partner.vendor not in asked:
            asked[partner.vendor] = refresh_account(partner=partner)
        partner = asked.get(partner.vendor, partner)
        if partner.standing != Partner.Standing.ACTIVE:
            yield Outcome(payout, partner.held_why or str(partner.standing.label))
            continue
        yield _pay(payout, str(partner.account))


def _pay(payout: Payout, account: str) -> Outcome:
    """Pay a payout, or find out that it was paid.

    Stripe is asked first for a transfer of the statement's group: a try that died may be older than Stripe remembers its key. Two
    that try at once have the same key.
    """
    statement = payout.statement
    group = group_of(payout)
    found = find_transfer(group)
    if found is None:
        try:
            found = create_transfer(
                key=f"{group}-{payout.refusals}",
                group=group,
                account=account,
                amount=payout.amount,
                currency=statement.currency,
                note=f"Tessera {statement.month:%Y-%m}",
            )
        except TransferRefused as error:
            waiting = Payout.objects.filter(pk=payout.pk, state=Payout.State.OPEN, refusals=payout.refusals)
            waiting.update(refusals=payout.refusals + 1, why=str(error)[:1000])
            return Outcome(payout, str(error))
    if (found.amount, found.currency) != (payout.amount, statement.currency):
        _log.error("the transfer %s is of %s %s, not of %s", found.id, found.amount, found.currency, payout)
        return Outcome(payout, f"{found.id} is of {found.amount} {found.currency}")
    return Outcome(note_paid(payout, found))


def note_paid(payout: Payout, transfer: SeenTransfer) -> Payout:
    """Keep by which transfer a payout was paid; what another process has kept meanwhile is the same."""
    waiting = Payout.objects.filter(pk=payout.pk, state=Payout.State.OPEN)
    waiting.update(state=Payout.State.PAID, transfer=transfer.id, paid_at=timezone.now(), why="")
    payout.refresh_from_db()
    return payout


def group_of(payout: Payout) -> str:
    """Return the group under which Stripe has the transfer of a statement."""
    return f"statement-{payout.statement_id}"
