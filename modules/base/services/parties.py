"""Parties: made once, found again, merged without losing history."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _
from tessera.api import Refused, assign_number, current, lock_for_update, publish, service

from modules.base.events import PartyMerged
from modules.base.models import Address, Company, ContactPoint, OrgUnit, Party, PartyRole, TaxRegistration


@dataclass(frozen=True, kw_only=True)
class ContactPointInput:
    """A way to reach the party."""

    kind: ContactPoint.Kind
    value: str


@dataclass(frozen=True, kw_only=True)
class AddressInput:
    """A postal address."""

    kind: Address.Kind = Address.Kind.MAIN
    recipient: str = ""
    street: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""


@dataclass(frozen=True, kw_only=True)
class PartyRoleInput:
    """What the party is to a company."""

    company: Company
    role: PartyRole.Role


@dataclass(frozen=True, kw_only=True)
class Duplicate:
    """A party that looks like the one asked about, and why."""

    party: Party
    reason: str


def normalise(kind: str, value: str) -> str:
    """Return a contact point as duplicates are found by it: digits of a phone, an address in lower case."""
    if kind in (ContactPoint.Kind.PHONE, ContactPoint.Kind.FAX):
        return re.sub(r"\D", "", value)
    return value.strip().lower()


@service(permission="base.party_create")
def create_party(
    *,
    name: str,
    kind: Party.Kind = Party.Kind.ORGANISATION,
    code: str = "",
    legal_name: str = "",
    language: str = "",
    employer: Party | None = None,
    org_unit: OrgUnit | None = None,
    contact_points: list[ContactPointInput] | None = None,
    addresses: list[AddressInput] | None = None,
    roles: list[PartyRoleInput] | None = None,
    tax_country: str = "",
    tax_number: str = "",
    note: str = "",
    origin: str = "manual",
    external_id: str = "",
) -> Party:
    """Add a person or an organisation; without a code it gets the next one of the series."""
    if not name.strip():
        raise Refused("REQUIRED", _("A party has a name."), "name")
    party = Party(
        name=name.strip(),
        kind=kind,
        legal_name=legal_name,
        language=language,
        employer=employer,
        org_unit=org_unit,
        owner=current().actor.member_id,
        note=note,
        origin=origin,
        external_id=external_id,
    )
    party.code = code or f"P-{str(party.pk)[-12:]}"
    party.save()
    if not code:
        assign_number(party, scope=("party",), pattern="P{n:05}", on=current().tenant.today, field="code")
    for point in contact_points or []:
        ContactPoint(party=party, kind=point.kind, value=point.value, normalised=normalise(point.kind, point.value)).save()
    for address in addresses or []:
        Address(party=party, **vars(address)).save()
    for role in roles or []:
        PartyRole(party=party, company=role.company, role=role.role).save()
    if tax_number:
        TaxRegistration(party=party, country=tax_country, number=tax_number).save()
    return party


@service(permission="base.contact_point_create")
def add_contact_point(*, party: Party, kind: ContactPoint.Kind, value: str) -> ContactPoint:
    """Add a way to reach a party."""
    point = ContactPoint(party=party, kind=kind, value=value, normalised=normalise(kind, value))
    point.save()
    return point


def find_duplicates(
    *, name: str = "", email: str = "", phone: str = "", tax_number: str = "", exclude: UUID | None = None, among: Any = None
) -> list[Duplicate]:
    """Return parties that look like the described one: by tax number, e-mail, phone, then name.

    They are looked for `among` the given rows, all by default; somebody is only told of parties that they see.
    """
    parties = (Party.objects.all() if among is None else among).filter(merged_into=None).exclude(pk=exclude)
    reasons = []
    if tax_number:
        reasons.append(("tax number", Q(tax_registrations__number=tax_number)))
    if email:
        reasons.append(("e-mail", Q(contact_points__kind="email", contact_points__normalised=normalise("email", email))))
    if phone and normalise("phone", phone):
        reasons.append(("phone", Q(contact_points__kind="phone", contact_points__normalised=normalise("phone", phone))))
    if name:
        reasons.append(("name", Q(name__iexact=name.strip()) | Q(legal_name__iexact=name.strip())))
    found: dict[UUID, Duplicate] = {}
    for reason, condition in reasons:
        for party in parties.filter(condition).distinct().order_by("id")[:20]:
            found.setdefault(party.pk, Duplicate(party=party, reason=reason))
    return list(found.values())


@service(permission="base.party_merge")
def merge_party(*, party: Party, into: Party) -> Party:
    """Make `party` stand for `into` from now on; its posted documents stay as they were posted.

    Contact points, addresses, roles and tax numbers that `into` has not yet go over to it.
    """
    locked = {row.pk: row for row in lock_for_update(Party.objects.filter(pk__in=[party.pk, into.pk]))}
    party, into = locked[party.pk], locked[into.pk]
    if party == into:
        raise Refused("INVALID", _("A party cannot be merged into itself."), "into")
    if party.merged_into_id or into.merged_into_id:
        raise Refused("STATE", _("A merged party cannot be merged again."), "party")
    have = set(into.contact_points.values_list("kind", "normalised"))
    for point in party.contact_points.all():
        if (point.kind, point.normalised) not in have:
            point.party = into
            point.save()
    for address in party.addresses.all():
        address.party = into
        address.save()
    roles = set(into.roles.values_list("company_id", "role"))
    for role in party.roles.all():
        if (role.company_id, role.role) not in roles:
            role.party = into
            role.save()
    numbers = set(into.tax_registrations.values_list("country", "number"))
    for registration in party.tax_registrations.all():
        if (registration.country, registration.number) not in numbers:
            registration.party = into
            registration.save()
    party.merged_into = into
    party.save()
    publish(PartyMerged(subject=into.pk, merged=party.pk))
    return into


def standing_for(party: Party) -> Party:
    """Return the party that stands for this one today (itself unless it was merged)."""
    while party.merged_into_id:
        party = party.merged_into
    return party


def role_of(*, party: UUID, company: UUID, role: str) -> PartyRole | None:
    """Return what a party is to a company in one role."""
    return PartyRole.objects.filter(party=party, company=company, role=role).select_related("payment_term").first()


def lock_credit_account(*, party: UUID, company: UUID) -> PartyRole | None:
    """Lock the customer's credit account until the end of the unit of work; None if it is no customer."""
    rows = lock_for_update(PartyRole.objects.filter(party=party, company=company, role=PartyRole.Role.CUSTOMER))
    return rows[0] if rows else None


def snapshot_of(party: Party, address: Address | None = None) -> dict[str, str]:
    """Return the party as it is printed on a document, frozen when the document takes effect."""
    registration = party.tax_registrations.order_by("id").first()
    made = {"name": party.legal_name or party.name, "code": party.code, "tax_number": registration.number if registration else ""}
    if address:
        made |= {key: getattr(address, key) for key in ("recipient", "street", "city", "region", "postal_code", "country")}
    return made | {"taken_on": current().tenant.today.isoformat()}
