"""The header of a quote or an order: whom, in which currency, on which terms."""

from datetime import date, datetime
from typing import Any, Required, TypedDict, TypeVar
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.api import NotFound, Problem, Refused, current, lock_for_update

from modules.base.api import Address, Company, Document, OrgUnit, Party, PaymentTerm, Snapshots, standing_for
from modules.erp.orders.services.masters import Masters

D = TypeVar("D", bound=Document)


class DraftTerms(TypedDict, total=False):
    """What a new document is given beside its lines; what is left out is the party's or the company's own."""

    company: Required[Company]
    party: Required[Party]
    currency: str
    document_date: date | None
    price_includes_tax: bool | None
    contact: Party | None
    bill_to: Address | None
    ship_to: Address | None
    payment_term: PaymentTerm | None
    org_unit: OrgUnit | None
    reference: str
    note: str
    origin: Document.Origin
    external_id: str


def today_at(company: Company) -> date:
    """Return the day it is where a company is."""
    now: datetime = timezone.now()
    return now.astimezone(ZoneInfo(company.time_zone)).date()


def locked(document: D) -> D:
    """Lock a document's row and return it as it is now, with whom and where it is for."""
    wanted = type(document).objects.filter(pk=document.pk)
    rows = lock_for_update(wanted.select_related("company", "party", "bill_to", "ship_to"))
    if not rows:
        raise NotFound()
    return rows[0]


def new_document(model: type[D], masters: Masters, *, party: Party, **terms: Any) -> D:
    """Return a draft (not saved) with the terms given (`DraftTerms` and columns of its own), and the party's where none are."""
    company, party = masters.company, standing_for(party)
    role = masters.role_of(party.pk)
    day = terms.pop("document_date", None) or today_at(company)
    currency = (terms.pop("currency", "") or (role.currency if role else "") or company.currency).upper()
    includes_tax = terms.pop("price_includes_tax", None)
    given = {name: value for name, value in terms.items() if value is not None}
    given.setdefault("bill_to", masters.address_of(party.pk, Address.Kind.BILLING))
    given.setdefault("ship_to", masters.address_of(party.pk, Address.Kind.DELIVERY))
    given.setdefault("payment_term", role.payment_term if role else None)
    given.setdefault("owner", current().actor.member_id)
    refuse_foreign(party, given)
    quoted = masters.rate_on(currency=currency, quote=company.currency, on=day)
    return model(
        company=company,
        party=party,
        document_date=day,
        currency=currency,
        rate=quoted.rate,
        rate_date=quoted.date,
        rate_source=quoted.source,
        price_includes_tax=company.prices_include_tax if includes_tax is None else includes_tax,
        **given,
    )


def change_terms(document: Document, **terms: Any) -> None:
    """Set the terms that were given (None keeps what is there); nothing is saved."""
    given = {name: value for name, value in terms.items() if value is not None}
    refuse_foreign(document.party, given)
    for name, value in given.items():
        setattr(document, name, value)


def refuse_foreign(party: Party, terms: dict[str, Any]) -> None:
    """Refuse addresses that are not the party's, or of the one it became."""
    standing = standing_for(party)
    problems = [
        Problem("INVALID", _("This is not an address of the party."), (name,))
        for name in ("bill_to", "ship_to")
        if (address := terms.get(name)) is not None and address.party_id != standing.pk
    ]
    if problems:
        raise Refused.of(problems)


def series_of(document: Document) -> tuple[Any, ...]:
    """Return the scope of the series that a document's number comes from: kind, company and year."""
    return (document._meta.label, document.company_id, document.document_date.year)


def country_of(document: Document) -> str:
    """Return the two letters of the country where the goods go, for the choice of taxes; "" when it is not known so."""
    for country in (
        document.ship_to.country if document.ship_to else "",
        document.bill_to.country if document.bill_to else "",
        document.company.country,
    ):
        if len(country) == 2:
            return country.upper()
    return ""


def snapshots(document: Document, taken: Snapshots | None = None) -> dict[str, Any]:
    """Return the party as printed, by place on the paper, frozen when the document takes effect."""
    taken = taken or Snapshots([document.party])
    return {"bill_to": taken.of(document.party, document.bill_to), "ship_to": taken.of(document.party, document.ship_to)}
