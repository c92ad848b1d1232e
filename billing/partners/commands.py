"""`billing partners` and `billing refund`: what operators do about partners' money."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tessera.accounts.addresses import accounts_url
from tessera.accounts.operators.services import COMMAND_LINE
from tessera.errors import Refused

from billing.catalogue.selectors import catalogue
from billing.gateway.client import Unreachable, is_billing_on
from billing.models import Partner, PartnerPerson, PartnerStatement
from billing.partners.onboarding import hold_partner, onboard_partner, partner_of, release_partner
from billing.partners.payouts import open_payouts, pay_partners
from billing.partners.people import add_person, remove_person
from billing.partners.refunding import refund_invoice
from billing.partners.statements import balances_of, close_statements, last_month, month_of


def add_partners(acts: Any) -> None:
    """Add `billing partners list|onboard|person|hold|release|close|statement|pay`."""
    parser = acts.add_parser(
        "partners",
        help="partners, their statements, and what they are paid",
        description="Who the partners are, and on which terms, is in the catalogue (`billing catalogue`). Months are those of UTC.",
    )
    own = parser.add_subparsers(required=True)
    own.add_parser("list", help="show partners with their terms, standing and balances").set_defaults(run=run_list)

    onboard = own.add_parser(
        "onboard", help="open a partner's account at Stripe, and print the address where they tell who they are"
    )
    onboard.add_argument("vendor", help="the vendor prefix, as the catalogue has it")
    onboard.add_argument("--email", default="", help="of the partner; needed the first time")
    onboard.add_argument("--country", default="", help="where they are, as two letters; needed the first time")
    onboard.set_defaults(run=run_onboard)

    person = own.add_parser("person", help="let somebody see a partner's money on the accounts host, at /partners/")
    person.add_argument("vendor", help="the vendor prefix, as the catalogue has it")
    person.add_argument("email", help="the address that they sign in with; they must have confirmed it")
    person.add_argument("--remove", action="store_true", help="let them see it no more")
    person.set_defaults(run=run_person)

    hold = own.add_parser("hold", help="pay a partner nothing for now")
    hold.add_argument("vendor", help="the vendor prefix, as the catalogue has it")
    hold.add_argument("--reason", required=True, help="why; it is shown wherever the payout waits")
    hold.set_defaults(run=run_hold)
    release = own.add_parser("release", help="pay a partner again")
    release.add_argument("vendor", help="the vendor prefix, as the catalogue has it")
    release.set_defaults(run=run_release)

    close = own.add_parser("close", help="close the statements of a month that is over")
    close.add_argument("--month", default="", help="such as 2026-10; the last one by default")
    close.add_argument("--vendor", default="", help="of one partner only")
    close.set_defaults(run=run_close)

    statement = own.add_parser("statement", help="show a partner's statements, or the lines of one")
    statement.add_argument("vendor", help="the vendor prefix, as the catalogue has it")
    statement.add_argument("--month", default="", help="such as 2026-10: with its lines")
    statement.set_defaults(run=run_statement)

    pay = own.add_parser(
        "pay", help="pay what is due by closed statements; a killed run is ended by the next, and pays nothing twice"
    )
    pay.add_argument("--vendor", default="", help="one partner only")
    pay.add_argument("--dry-run", action="store_true", help="only show what is due")
    pay.set_defaults(run=run_pay)


def add_refund(acts: Any) -> None:
    """Add `billing refund`."""
    parser = acts.add_parser(
        "refund",
        help="give back what was paid for an invoice, or a part of it",
        description="Stripe is told; the partners' part is taken back when its event comes, and from their next statement.",
    )
    parser.add_argument("invoice", help="its key at Stripe (in_...) or its number")
    parser.add_argument("--amount", default="", help="with tax, in the invoice's currency; all that is left by default")
    parser.add_argument("--reason", required=True, help="why, for the records")
    parser.set_defaults(run=run_refund)


@contextmanager
def told() -> Iterator[None]:
    """Say what was refused, and by which field."""
    if not is_billing_on():
        raise CommandError("there is no Stripe: set STRIPE_API_KEY")
    try:
        yield
    except Unreachable as reason:
        raise CommandError(f"Stripe does not answer: {reason}") from reason
    except Refused as refused:
        said = (f"{each.code}{' ' + '.'.join(each.field) if each.field else ''}: {each.message}" for each in refused.problems)
        raise CommandError("; ".join(said)) from refused


def run_list(command: BaseCommand, **options: Any) -> None:
    """Write the partners of the catalogue, and those that are in it no more."""
    kept = {partner.vendor: partner for partner in Partner.objects.all()}
    terms = catalogue().terms
    for vendor in sorted(kept.keys() | terms.keys()):
        partner = kept.get(vendor) or Partner(vendor=vendor)
        of = f"{terms[vendor].name}, the platform keeps {terms[vendor].share} basis points" if vendor in terms else "not sold"
        command.stdout.write(f"{vendor:20} {partner.standing:10} {partner.account or '-':24} {of}")
        people = PartnerPerson.objects.filter(partner__vendor=vendor).order_by("email").values_list("email", flat=True)
        if people:
            command.stdout.write(f"    seen by {', '.join(people)}")
        if partner.held_why:
            command.stdout.write(f"    held: {partner.held_why}")
        for balance in balances_of(partner) if vendor in kept else ():
            command.stdout.write(f"    {balance.owed:>14.2f} {balance.currency} owed, {balance.of_lines:.2f} not on a statement")


def run_onboard(command: BaseCommand, *, vendor: str, email: str, country: str, **options: Any) -> None:
    """Write the account and the address, which is good once and for some minutes."""
    with told():
        partner, link = onboard_partner(vendor=vendor, email=email, country=country)
    command.stdout.write(f"{vendor} {partner.account} {partner.standing}")
    command.stdout.write(link)


def run_person(command: BaseCommand, *, vendor: str, email: str, remove: bool, **options: Any) -> None:
    """Name somebody, or do so no more; write who is named then."""
    with told():
        if remove:
            remove_person(vendor=vendor, email=email, by=COMMAND_LINE)
        else:
            add_person(vendor=vendor, email=email, by=COMMAND_LINE)
    people = PartnerPerson.objects.filter(partner__vendor=vendor).order_by("email")
    command.stdout.write(f"{accounts_url(f'/partners/{vendor}/')}: {', '.join(map(str, people)) or 'nobody'}")


def run_hold(command: BaseCommand, *, vendor: str, reason: str, **options: Any) -> None:
    """Hold a partner's payouts."""
    with told():
        command.stdout.write(f"{vendor} {hold_partner(vendor=vendor, reason=reason).standing}")


def run_release(command: BaseCommand, *, vendor: str, **options: Any) -> None:
    """Let a partner's payouts go."""
    with told():
        command.stdout.write(f"{vendor} {release_partner(vendor=vendor).standing}")


def run_close(command: BaseCommand, *, month: str, vendor: str, **options: Any) -> None:
    """Write each statement that was closed."""
    with told():
        if vendor:
            partner_of(vendor)
        closed = close_statements(month=month_of(month) if month else last_month(timezone.now()), vendor=vendor)
    for statement in closed:
        command.stdout.write(_told(statement))
    command.stdout.write(f"{len(closed)} statements closed")


def run_statement(command: BaseCommand, *, vendor: str, month: str, **options: Any) -> None:
    """Write the statements, or one with its lines."""
    with told():
        found = partner_of(vendor).statements.order_by("month", "currency")
        if month:
            found = found.filter(month=month_of(month))
    for statement in found:
        command.stdout.write(_told(statement))
        for entry in statement.entries.select_related("line__invoice").order_by("line__occurred_at", "line_id") if month else ():
            line = entry.line
            command.stdout.write(
                f"    {line.occurred_at:%Y-%m-%d} {line.kind:8} {line.what:24} {line.invoice} {line.source} "
                f"{line.gross:>12.2f} {-line.share:>12.2f} {line.net:>12.2f}"
            )
    command.stdout.write(f"{len(found)} statements")


def _told(statement: PartnerStatement) -> str:
    return (
        f"{statement}: opening {statement.opening:.2f}, {statement.line_count} lines, gross {statement.gross:.2f}, "
        f"share {statement.share:.2f}, net {statement.net:.2f}, closing {statement.closing:.2f}, due {statement.due:.2f}"
    )


def run_pay(command: BaseCommand, *, vendor: str, dry_run: bool, **options: Any) -> None:
    """Write what became of each payout, as soon as it is known."""
    with told():
        if vendor:
            partner_of(vendor)
        if dry_run:
            for payout in open_payouts(vendor):
                command.stdout.write(f"{payout.statement}: {payout.amount:.2f} due")
            return
        waits = 0
        for outcome in pay_partners(vendor=vendor):
            paid = outcome.payout
            waits += bool(outcome.why)
            said = f"waits: {outcome.why}" if outcome.why else f"paid by {paid.transfer}"
            command.stdout.write(f"{paid.statement}: {paid.amount:.2f} {said}")
            command.stdout.flush()
    if waits:
        raise CommandError(f"{waits} payouts wait")


def run_refund(command: BaseCommand, *, invoice: str, amount: str, reason: str, **options: Any) -> None:
    """Write the refund that was made."""
    try:
        wanted = Decimal(amount) if amount else None
    except InvalidOperation as error:
        raise CommandError(f"INVALID amount: {amount} is no amount") from error
    if wanted is not None and not wanted.is_finite():
        raise CommandError(f"INVALID amount: {amount} is no amount")
    with told():
        made = refund_invoice(invoice=invoice, amount=wanted, reason=reason, by=f"operator {getpass.getuser()}")
    command.stdout.write(f"{made.refund}: {made.amount} {made.currency}")
