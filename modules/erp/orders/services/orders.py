"""Sales orders: entered by hand, changed while they are drafts or in force."""

from decimal import Decimal
from typing import Unpack
from uuid import UUID

from django.utils.translation import gettext as _
from tessera.api import (
    Refused,
    content_hash,
    link_many,
    linked,
    move,
    publish,
    refuse_while_held,
    save_revision,
    service,
)

from modules.base.api import Address, Demand, Party, PaymentTerm, standing_for
from modules.erp.orders import events
from modules.erp.orders.models import SalesOrder, SalesOrderLine
from modules.erp.orders.services.amendments import Amendment, amend
from modules.erp.orders.services.headers import DraftTerms, change_terms, locked
from modules.erp.orders.services.limits import OVER_CREDIT, check_credit, customer_of, limits_of, one_of, over_credit
from modules.erp.orders.services.lines import SalesOrderLineInput, build_lines, total
from modules.erp.orders.services.links import come_of
from modules.erp.orders.services.masters import Masters
from modules.erp.orders.services.writing import draft_one, present_lines, write_changes, write_drafts


@service(permission="orders.sales_order_create")
def create_sales_order(*, lines: list[SalesOrderLineInput], **terms: Unpack[DraftTerms]) -> SalesOrder:
    """Draft an order by hand, priced and taxed."""
    drafted = draft_one(SalesOrder, lines, terms)
    write_drafts([drafted])
    return drafted.document


@service(permission="orders.sales_order_update")
def update_sales_order(
    *,
    order: SalesOrder,
    lines: list[SalesOrderLineInput] | None = None,
    contact: Party | None = None,
    bill_to: Address | None = None,
    ship_to: Address | None = None,
    payment_term: PaymentTerm | None = None,
    reference: str | None = None,
    note: str | None = None,
) -> SalesOrder:
    """Change an order; `lines` are all lines as they shall be.

    In force, a change of what is sealed makes the next revision and passes the gates and the credit
    check again. What is delivered or invoiced keeps its quantity and its price: a new price holds for
    the rest, on a line of its own.
    """
    order = locked(order)
    refuse_while_held(order)
    if order.state not in (SalesOrder.State.DRAFT, SalesOrder.State.CONFIRMED):
        raise Refused("STATE", _("An order that has ended is not changed any more."), "state")
    change_terms(
        order, contact=contact, bill_to=bill_to, ship_to=ship_to, payment_term=payment_term, reference=reference, note=note
    )
    kept = present_lines(order)
    wanted = [SalesOrderLineInput(line=line) for line in kept.values()] if lines is None else lines
    in_force = order.state == SalesOrder.State.CONFIRMED
    done = _done(list(kept)) if in_force else {}
    if in_force and lines is not None and any(line.cancelled_quantity for line in kept.values()):
        raise Refused("STATE", _("The rest of this order was cancelled; make a new order."), "lines")
    gross = order.gross_total
    built = build_lines(order, wanted, kept, Masters(order.company, [order.party]))
    removed = [line for key, line in kept.items() if key not in built.before]
    change = amend(built, removed, done) if in_force else Amendment()
    write_changes(order, built, total(order, built), removed)
    if in_force and content_hash(order) != order.content_hash:
        _put_in_force(order, change, more=order.gross_total - gross)
    return order


def _put_in_force(order: SalesOrder, change: Amendment, more: Decimal) -> None:
    """Pass the gates for the next revision, tell what is to be delivered differently, check the credit."""
    customer = customer_of(order)
    needed = limits_of(order)
    if more > 0 and over_credit(customer):
        needed.append(OVER_CREDIT)
    order.revision += 1
    order.content_hash = content_hash(order)
    move(order, SalesOrder.State.CONFIRMED, exceeds=one_of(needed), also=("revision", "content_hash"))
    save_revision(order)
    link_many([come_of("replaces", old, new, order.currency) for old, new in change.replaced])
    publish(
        events.SalesOrderAmended(
            subject=order.pk, company=order.company_id, party=order.party_id, number=order.number or "", revision=order.revision
        ),
        removed=[demand_of(order, line, line.base_quantity) for line in change.removed if is_delivered(line)],
        demands=[demand_of(order, line, line.base_quantity) for line in order.sealed_lines() if is_delivered(line)],
    )
    if more > 0:
        check_credit(customer, passed=OVER_CREDIT in needed)


def _done(lines: list[UUID]) -> dict[UUID, Decimal]:
    """Return, per line, what is delivered or invoiced of it, whichever is more, in base units."""
    delivered, invoiced = linked(lines, "fulfils"), linked(lines, "invoices")
    return {key: max(delivered.get(key, Decimal(0)), invoiced.get(key, Decimal(0))) for key in {*delivered, *invoiced}}


def is_delivered(line: SalesOrderLine) -> bool:
    """Say whether whoever keeps stock is asked to deliver a line."""
    stocked = (SalesOrderLine.Fulfilment.STOCK, SalesOrderLine.Fulfilment.DROP_SHIP)
    return line.kind == "item" and line.fulfilment in stocked


def demand_of(order: SalesOrder, line: SalesOrderLine, base_quantity: Decimal) -> Demand:
    """Return what is to be delivered (or no longer) of a line, as others are told it."""
    return Demand(
        kind=line._meta.label,
        document=order.pk,
        line=line.pk,
        company=order.company_id,
        party=standing_for(order.party).pk,
        item=line.item_id,
        base_quantity=base_quantity,
        over_tolerance=line.over_tolerance,
        under_tolerance=line.under_tolerance,
        requested_date=line.requested_date,
        position=line.position,
        ship_to=order.ship_to_id,
        number=order.number or "",
        drop_ship=line.fulfilment == SalesOrderLine.Fulfilment.DROP_SHIP,
    )
