"""Parties that turn out to be one: what follows, and what stays refused."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connections, transaction
from tessera.api import Forbidden, Refused, new_id
from tessera.crud import create_row, update_row
from tessera.outbox.models import OutboxEvent
from tessera.resource import resource_of
from tessera.unit_of_work import unit_of_work

from modules.base.models import Address, Assignment, BankAccount, MemberPerson, OrgUnit, Party
from modules.base.services import (
    AddressInput,
    ContactPointInput,
    PartyRoleInput,
    add_contact_point,
    assign_person,
    create_party,
    find_duplicates,
    link_member,
    lock_credit_account,
    merge_party,
    one_with,
    role_of,
    standing_for,
)
from modules.base.tests.factories import make_company, make_customer, make_item, make_supplier

PERSON = Party.Kind.PERSON


def problem_of(refusal) -> tuple:
    found = refusal.value.problems[0]
    return found.code, found.field


def phone(number: str) -> ContactPointInput:
    return ContactPointInput(kind="phone", value=number)


def test_everything_that_the_other_lacks_follows(inside):
    company = make_company()
    kept = make_customer(company, "Alfreds", credit_limit=Decimal(100))
    add_contact_point(party=kept, kind="phone", value="030 1")
    double = create_party(
        name="Alfred's", contact_points=[phone("0301"), phone("0302")], addresses=[AddressInput(city="Berlin")],
        roles=[PartyRoleInput(company=company, role=role) for role in ("customer", "supplier")],
        tax_country="DE", tax_number="DE 123",
    )  # fmt: skip
    worker = create_party(name="Maria", kind=PERSON, employer=double)
    item = make_item(supplier=double)
    with unit_of_work():
        BankAccount(party=double, bank="Bank", number="7").save()
    merge_party(party=double, into=kept)
    double.refresh_from_db()
    worker.refresh_from_db()
    item.refresh_from_db()
    assert (double.merged_into, worker.employer, item.supplier) == (kept, kept, kept)
    assert sorted(kept.contact_points.values_list("normalised", flat=True)) == ["0301", "0302"]
    assert sorted(kept.roles.values_list("role", "credit_limit")) == [("customer", Decimal(100)), ("supplier", None)]
    assert kept.addresses.get().city == "Berlin"
    assert kept.tax_registrations.get().number == "DE123"
    assert kept.bank_accounts.get().number == "7"
    assert OutboxEvent.objects.get(name="base.party_merged").data == {"merged": str(double.pk)}


def test_a_person_keeps_post_login_and_those_it_manages(inside):
    unit = _unit()
    bob, robert, carl = (create_party(name=name, kind=PERSON) for name in ("Bob", "Robert", "Carl"))
    member = new_id()
    link_member(member=member, person=bob)
    assign_person(person=bob, unit=unit, valid_from=date(2026, 1, 1))
    assign_person(person=carl, unit=unit, manager=bob, valid_from=date(2026, 1, 1))
    merge_party(party=bob, into=robert)
    assert MemberPerson.objects.get().person == robert
    assert sorted(Assignment.objects.values_list("person__name", "manager__name")) == [("Carl", "Robert"), ("Robert", None)]


def _unit() -> OrgUnit:
    with unit_of_work():
        unit = OrgUnit(company=make_company(), code="S", name="Sales")
        unit.save()
    return unit


def test_what_is_no_merge_is_refused_and_changes_nothing(inside):
    first, second, third = (create_party(name=name) for name in ("One", "Two", "Three"))
    person = create_party(name="Bob", kind=PERSON)
    merge_party(party=first, into=second)
    cases = (
        (second, second, ("INVALID", ("into",))),
        (first, third, ("STATE", ("party",))),
        (third, first, ("STATE", ("into",))),
        (second, first, ("STATE", ("into",))),
        (third, person, ("INVALID", ("into",))),
    )
    for party, into, problem in cases:
        with pytest.raises(Refused) as refusal:
            merge_party(party=party, into=into)
        assert problem_of(refusal) == problem
    assert sorted(Party.objects.values_list("name", "merged_into__name")) == [
        ("Bob", None), ("One", "Two"), ("Three", None), ("Two", None),
    ]  # fmt: skip


def test_two_people_who_both_sign_in_are_not_merged(inside):
    bob, robert = (create_party(name=name, kind=PERSON) for name in ("Bob", "Robert"))
    for person in (bob, robert):
        link_member(member=new_id(), person=person)
    with pytest.raises(Refused) as refusal:
        merge_party(party=bob, into=robert)
    assert problem_of(refusal) == ("STATE", ("into",))


def test_a_later_merge_takes_along_what_was_merged_before(inside):
    first, second, third = (create_party(name=name) for name in ("One", "Two", "Three"))
    merge_party(party=first, into=second)
    merge_party(party=second, into=third)
    first.refresh_from_db()
    assert (first.merged_into, standing_for(first)) == (third, third)
    for party in (first, second, third):
        assert set(one_with(party.pk).values_list("pk", flat=True)) == {first.pk, second.pk, third.pk}


def test_a_merged_customer_is_known_by_the_role_of_the_one_it_became(inside):
    company = make_company()
    kept, double = (make_customer(company, name, credit_limit=Decimal(limit)) for name, limit in (("A", 100), ("B", 900)))
    merge_party(party=double, into=kept)
    asked = {"party": double.pk, "company": company.pk}
    assert role_of(**asked, role="customer").credit_limit == 100
    with unit_of_work():
        assert lock_credit_account(**asked).party == kept


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE base_party SET merged_into_id = (SELECT id FROM base_party WHERE name = 'One') WHERE name = 'Two'",
        "UPDATE base_party SET merged_into_id = (SELECT id FROM base_party WHERE name = 'One') WHERE name = 'Three'",
        "UPDATE base_party SET merged_into_id = (SELECT id FROM base_party WHERE name = 'Three') WHERE name = 'Two'",
        "UPDATE base_party SET merged_into_id = NULL WHERE name = 'One'",
        "UPDATE base_party SET merged_into_id = id WHERE name = 'Three'",
    ],
)
def test_the_database_refuses_circles_chains_and_a_way_back(inside, statement):
    first, second, _third = (create_party(name=name) for name in ("One", "Two", "Three"))
    merge_party(party=first, into=second)
    with (
        pytest.raises(IntegrityError),
        transaction.atomic(using="default"),
        connections["default"].cursor() as cursor,
    ):
        cursor.execute(statement)


def test_a_merged_party_is_not_used_anew(inside):
    company = make_company()
    kept, double = make_supplier(company, "Kept"), make_supplier(company, "Double")
    merge_party(party=double, into=kept)
    double.refresh_from_db()
    new = (
        lambda: create_row(resource=resource_of(Address), values={"party": double, "city": "Rome"}),
        lambda: create_row(resource=resource_of(BankAccount), values={"party": double, "bank": "B", "number": "1"}),
        lambda: add_contact_point(party=double, kind="phone", value="1"),
        lambda: create_party(name="Maria", kind=PERSON, employer=double),
        lambda: update_row(resource=resource_of(Party), row=double, values={"name": "Other"}),
    )
    for use in new:
        with pytest.raises(Refused) as refusal:
            use()
        assert problem_of(refusal)[0] == "STATE"
    assert [found.party for found in find_duplicates(name="double")] == []


def test_merging_needs_its_right(inside, as_member):
    first, second = create_party(name="One"), create_party(name="Two")
    as_member("base.party_view", "base.party_update")
    with pytest.raises(Forbidden):
        merge_party(party=first, into=second)
