"""A lead becomes a party and an opportunity, once."""

from datetime import date
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.api import Refused, link_documents, listed, move, publish, service, visible_rows

from modules.base.api import (
    Company,
    ContactPoint,
    ContactPointInput,
    Party,
    PartyRole,
    PartyRoleInput,
    create_party,
    find_duplicates,
    role_of,
    standing_for,
)
from modules.crm.sales import events
from modules.crm.sales.models import Lead, Opportunity, Pipeline
from modules.crm.sales.services.leads import locked_lead
from modules.crm.sales.services.opportunities import create_opportunity


@service(permission="sales.lead_convert")
def convert_lead(
    *,
    lead: Lead,
    title: str = "",
    amount: Decimal = Decimal(0),
    currency: str = "",
    expected_close: date | None = None,
    company: Company | None = None,
    pipeline: Pipeline | None = None,
    party: Party | None = None,
    is_new_party: bool = False,
) -> Opportunity:
    """Make a lead a customer with an opportunity; asked again, it answers the same opportunity.

    `party` takes a party that is known already. Without it, a party that looks the same is a
    DUPLICATE, until `is_new_party` says that it is another one.
    """
    lead = locked_lead(lead)
    if lead.state == Lead.State.CONVERTED:
        return Opportunity.objects.get(lead=lead)
    company = company or _only_company()
    lead.party = standing_for(party) if party else _new_party(lead, company, is_new_party)
    _make_customer(lead.party, company)
    contact = _contact_of(lead)
    if lead.first_response_at is None:
        lead.first_response_at = timezone.now()
    move(lead, Lead.State.CONVERTED, also=("party", "first_response_at"))
    opportunity = create_opportunity(
        title=title or str(lead),
        company=company,
        party=lead.party,
        contact=contact,
        amount=amount,
        currency=currency,
        expected_close=expected_close,
        pipeline=pipeline,
        owner=lead.owner,
        org_unit=lead.org_unit,
        note=lead.interest,
        lead=lead,
    )
    link_documents(source_kind=lead._meta.label, source=lead.pk, target=opportunity)
    publish(events.LeadConverted(subject=lead.pk, party=lead.party.pk, opportunity=opportunity.pk))
    return opportunity


def _only_company() -> Company:
    companies = list(Company.objects.order_by("id")[:2])
    if len(companies) != 1:
        raise Refused("REQUIRED", _("Say for which of our companies."), "company")
    return companies[0]


def _new_party(lead: Lead, company: Company, is_new: bool) -> Party:
    duplicates = [] if is_new else find_duplicates(name=str(lead), email=lead.email, phone=lead.phone, among=visible_rows(Party))
    if duplicates:
        names = listed(f"{each.party.name} ({each.party.code}, {each.reason})" for each in duplicates)
        raise Refused("DUPLICATE", _("This looks like a party that is known: {names}.").format(names=names), "party")
    return create_party(
        name=str(lead),
        kind=Party.Kind.ORGANISATION if lead.company_name else Party.Kind.PERSON,
        org_unit=lead.org_unit,
        contact_points=[] if lead.company_name and lead.contact_name else _contact_points(lead),
        roles=[PartyRoleInput(company=company, role=PartyRole.Role.CUSTOMER)],
    )


def _make_customer(party: Party, company: Company) -> None:
    if role_of(party=party.pk, company=company.pk, role=PartyRole.Role.CUSTOMER) is None:
        PartyRole(party=party, company=company, role=PartyRole.Role.CUSTOMER).save()


def _contact_of(lead: Lead) -> Party | None:
    """Return the person to talk to: the one of that name at the party, or a new one."""
    if not lead.company_name or not lead.contact_name:
        return lead.party if lead.party.kind == Party.Kind.PERSON else None
    known = Party.objects.filter(employer=lead.party, name__iexact=lead.contact_name, merged_into=None).first()
    return known or create_party(
        name=lead.contact_name, kind=Party.Kind.PERSON, employer=lead.party, contact_points=_contact_points(lead)
    )


def _contact_points(lead: Lead) -> list[ContactPointInput]:
    given = ((ContactPoint.Kind.EMAIL, lead.email), (ContactPoint.Kind.PHONE, lead.phone))
    return [ContactPointInput(kind=kind, value=value) for kind, value in given if value]
