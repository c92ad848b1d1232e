"""Parties: made once, and found again."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from tessera.api import Refused, assign_number, current, lock_for_update, service

from modules.base.models import Address, Company, ContactPoint, OrgUnit, Party, PartyRole, TaxRegistration
from modules.base.models.party import plain_tax_number


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
    if employer is not None and employer.merged_into_id:
        raise Refused("STATE", _("This party was merged; use the one it became."), "employer")
    if tax_number and not tax_country:
        raise Refused("REQUIRED", _("A tax number is one of a country."), "tax_country")
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
        TaxRegistration(party=party, country=tax_country.upper(), number=plain_tax_number(tax_number)).save()
    return party


@service(permission="base.contact_point_create")
def add_contact_point(*, party: Party, kind: ContactPoint.Kind, value: str) -> ContactPoint:
    """Add a way to reach a party."""
    if party.merged_into_id:
        raise Refused("STATE", _("This party was merged; use the one it became."), "party")
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
        reasons.append(("tax number", Q(tax_registrations__number=plain_tax_number(tax_number))))
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


def standing_for(party: Party) -> Party:
    """Return the party that stands for this one today (itself unless it was merged)."""
    return party.merged_into or party


def _standing_key(party: UUID) -> QuerySet[Party]:
    return Party.objects.filter(pk=party).values(standing=Coalesce("merged_into_id", "id"))


def one_with(party: UUID) -> QuerySet[Party]:
    """Return the keys of the party that stands for `party` and of all merged into it, for `party__in` of what is summed."""
    standing = _standing_key(party)
    return Party.objects.filter(Q(pk__in=standing) | Q(merged_into__in=standing)).values("pk")


def role_of(*, party: UUID, company: UUID, role: str) -> PartyRole | None:
    """Return what a party, or the one that stands for it, is to a company in one role."""
    return _roles(_standing_key(party), company, role).select_related("payment_term").first()


def roles_of(*, parties: Iterable[UUID], company: UUID, role: str) -> dict[UUID, PartyRole]:
    """Return what parties are to a company in one role, by party; each of them stands for itself."""
    return {row.party_id: row for row in _roles(parties, company, role).select_related("payment_term")}


def lock_credit_account(*, party: UUID, company: UUID) -> PartyRole | None:
    """Lock the customer's credit account until the end of the unit of work; None if it is no customer."""
    rows = lock_for_update(_roles(_standing_key(party), company, PartyRole.Role.CUSTOMER))
    return rows[0] if rows else None


def _roles(parties: Iterable[UUID] | QuerySet[Party], company: UUID, role: str) -> QuerySet[PartyRole]:
    return PartyRole.objects.filter(party__in=parties, company=company, role=role)


class Snapshots:
    """Parties as they are printed on documents, frozen when a document takes effect; reads once for all of them."""

    def __init__(self, parties: Iterable[Party]) -> None:
        rows = TaxRegistration.objects.filter(party__in=[party.pk for party in parties]).order_by("-id")
        self._numbers = {row.party_id: row.number for row in rows}  # the first that was registered stays

    def of(self, party: Party, address: Address | None = None) -> dict[str, str]:
        """Return a party as it is printed today, at an address."""
        made = {"name": party.legal_name or party.name, "code": party.code, "tax_number": self._numbers.get(party.pk, "")}
        if address:
            made |= {key: getattr(address, key) for key in ("recipient", "street", "city", "region", "postal_code", "country")}
        return made | {"taken_on": current().tenant.today.isoformat()}


def snapshot_of(party: Party, address: Address | None = None) -> dict[str, str]:
    """Return one party as it is printed on a document."""
    return Snapshots([party]).of(party, address)
