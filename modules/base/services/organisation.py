"""Companies, units, people's places in them, and dimension sets."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _
from tessera.api import Problem, Refused, lock_for_update, minor_units, publish, service, validate

from modules.base.events import CompanyCreated
from modules.base.models import (
    Assignment,
    Company,
    Currency,
    DimensionSet,
    DimensionSetValue,
    DimensionValue,
    MemberPerson,
    OrgUnit,
    Party,
    Position,
)
from modules.base.models.money import currency_names


@service(permission="base.company_create")
def create_company(
    *,
    code: str,
    name: str,
    currency: str,
    country: str = "",
    time_zone: str = "UTC",
    party: Party | None = None,
    prices_include_tax: bool = False,
    cogs_at: Company.CogsAt = Company.CogsAt.INVOICE,
    discount_limit: Decimal | None = None,
    order_limit: Decimal | None = None,
) -> Company:
    """Set up a legal entity; other parts prepare what each company needs (warehouse, books)."""
    company = Company(
        code=code,
        name=name,
        currency=currency.upper(),
        country=country.upper(),
        time_zone=time_zone,
        party=party,
        prices_include_tax=prices_include_tax,
        cogs_at=cogs_at,
        order_limit=order_limit,
    )
    if discount_limit is not None:
        company.discount_limit = discount_limit
    ensure_currency(company.currency)
    validate(company)
    company.save()
    publish(CompanyCreated(subject=company.pk, currency=company.currency), company=company)
    return company


def ensure_currency(code: str) -> Currency:
    """Return the currency of an ISO code, adding it to those the tenant uses; refuse what is none."""
    names = currency_names()
    if code not in names:
        raise Refused("INVALID", _("{code} is no ISO currency code.").format(code=code), "currency")
    minor_units(code)
    found = Currency.objects.filter(code=code).first()
    if found is None:
        found = Currency(code=code, name=names[code])
        found.save()
    return found


@service(permission="base.assignment_create")
def assign_person(
    *,
    person: Party,
    unit: OrgUnit,
    position: Position | None = None,
    manager: Party | None = None,
    valid_from: date,
    valid_to: date | None = None,
) -> Assignment:
    """Put a person into a unit, in a post of it or none, under a manager."""
    if person.kind != Party.Kind.PERSON:
        raise Refused("INVALID", _("Only a person can work in a unit."), "person")
    made = Assignment(person=person, unit=unit, position=position, manager=manager, valid_from=valid_from, valid_to=valid_to)
    validate(made)
    made.save()
    return made


@service(permission="base.member_person_create")
def link_member(*, member: UUID, person: Party) -> MemberPerson:
    """Say which person a member of this tenant is."""
    if person.kind != Party.Kind.PERSON:
        raise Refused("INVALID", _("A member is a person."), "person")
    link = MemberPerson(member=member, person=person)
    link.save()
    return link


def current_assignments(on: date) -> Q:
    """Return the condition for assignments that hold on a day."""
    return Q(valid_from__lte=on) & (Q(valid_to__isnull=True) | Q(valid_to__gte=on))


def reach_of_member(*, member: UUID, on: date) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """Return the units (with all below) and the companies in which a member works on a day."""
    mine = Assignment.objects.filter(
        current_assignments(on), person__in=MemberPerson.objects.filter(member=member).values("person")
    ).values_list("unit_id", "unit__company_id")
    units, companies = {unit for unit, _ in mine}, {company for _, company in mine}
    return _with_all_below(units, OrgUnit.objects.filter(company__in=companies)), frozenset(companies)


def unit_of_member(*, member: UUID, among: Collection[UUID], on: date) -> OrgUnit | None:
    """Return the unit that a member's new rows belong to on a day: among these, the one it works in, of several the first.

    Whoever works in none of them, but reaches one unit with all below it, works for that one.
    """
    mine = Assignment.objects.filter(
        current_assignments(on), person__in=MemberPerson.objects.filter(member=member).values("person"), unit__in=among
    )
    first = mine.order_by("valid_from", "id").select_related("unit").first()
    if first is not None:
        return first.unit
    tops = list(OrgUnit.objects.filter(pk__in=among).exclude(parent__in=among).order_by("id")[:2])
    return tops[0] if len(tops) == 1 else None


def units_of(*, unit: UUID | None, company: UUID | None) -> frozenset[UUID]:
    """Return a unit with all below it, or all units of a company; exactly one of them is given."""
    if unit is None:
        return frozenset(OrgUnit.objects.filter(company=company).values_list("id", flat=True))
    return _with_all_below({unit}, OrgUnit.objects.filter(company__units=unit))


def _with_all_below(units: set[UUID], among: Any) -> frozenset[UUID]:
    children: dict[UUID, list[UUID]] = {}
    for unit, parent in among.values_list("id", "parent_id"):
        children.setdefault(parent, []).append(unit)
    found, waiting = set(units), list(units)
    while waiting:
        below = [unit for unit in children.get(waiting.pop(), []) if unit not in found]
        found.update(below)
        waiting.extend(below)
    return frozenset(found)


def manager_of_member(*, member: UUID, on: date) -> UUID | None:
    """Return the member who is the manager of a member on a day, or None."""
    manager = (
        Assignment.objects.filter(
            current_assignments(on),
            person__in=MemberPerson.objects.filter(member=member).values("person"),
            manager__isnull=False,
        )
        .order_by("valid_from")
        .values_list("manager_id", flat=True)
        .first()
    )
    return MemberPerson.objects.filter(person=manager).values_list("member", flat=True).first() if manager else None


def dimension_set_of(values: list[DimensionValue]) -> DimensionSet | None:
    """Return the stored combination of these values, adding it the first time; None for no values."""
    if not values:
        return None
    if len({value.dimension_id for value in values}) != len(values):
        raise Refused("INVALID", _("A set has one value per dimension."), "dimension_set")
    key = " ".join(sorted(str(value.pk) for value in values))
    lock_for_update(DimensionValue.objects.filter(pk__in=[value.pk for value in values]))  # who asks at the same time waits
    found = DimensionSet.objects.filter(key=key).first()
    if found is None:
        found = DimensionSet(key=key)
        found.save()
        for value in values:
            DimensionSetValue(set=found, dimension=value.dimension, value=value).save()
    return found


@service(permission="base.dimension_set_create")
def combine_dimensions(*, values: list[DimensionValue]) -> DimensionSet:
    """Return the set of these values, one per dimension, that documents and lines name; asked again, it is the same one."""
    for place, value in enumerate(values):
        if not value.active:
            raise Refused("STATE", _("This value is not used any more."), "values", str(place))
    try:
        found = dimension_set_of(values)
    except Refused as refusal:
        raise Refused.of(Problem(p.code, p.message, ("values",)) for p in refusal.problems) from None
    if found is None:
        raise Refused("REQUIRED", _("A set has at least one value."), "values")
    return found
