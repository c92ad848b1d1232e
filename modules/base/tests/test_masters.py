"""Parties, units, rates, taxes and the organisation."""

from datetime import date
from decimal import Decimal

import pytest
from tessera.api import Refused, new_id
from tessera.unit_of_work import unit_of_work

from modules.base.models import Address, ContactPoint, ExchangeRate, OrgUnit, Party, PaymentTerm, TaxRate, TaxRule
from modules.base.services import (
    AddressInput,
    ContactPointInput,
    Conversions,
    add_conversion,
    assign_person,
    choose_taxes,
    create_party,
    dimension_set_of,
    ensure_currency,
    find_duplicates,
    instalments,
    link_member,
    manager_of_member,
    merge_party,
    rate_on,
    reach_of_member,
    seed_base,
)
from modules.base.tests.factories import make_company, make_customer, make_item, make_tax, make_unit


def code_of(refusal) -> str:
    return refusal.value.problems[0].code


def test_a_party_gets_the_next_code_and_its_contact_points(inside):
    first = create_party(name="Alfreds Futterkiste", addresses=[AddressInput(city="Berlin", country="Germany")])
    second = create_party(
        name="Ana Trujillo", contact_points=[ContactPointInput(kind=ContactPoint.Kind.PHONE, value="(5) 555-4729")]
    )
    assert (first.code, second.code) == ("P00001", "P00002")
    assert Address.objects.get(party=first).city == "Berlin"
    assert second.contact_points.get().normalised == "55554729"


def test_a_party_without_a_name_is_refused_by_field(inside):
    with pytest.raises(Refused) as refusal:
        create_party(name="  ")
    assert [(p.code, p.field) for p in refusal.value.problems] == [("REQUIRED", ("name",))]
    assert not Party.objects.exists()


def test_duplicates_are_found_by_tax_number_email_phone_and_name(inside):
    known = create_party(
        name="Alfreds",
        tax_country="DE",
        tax_number="DE123",
        contact_points=[
            ContactPointInput(kind=ContactPoint.Kind.EMAIL, value="Maria@Alfreds.example"),
            ContactPointInput(kind=ContactPoint.Kind.PHONE, value="030-0074321"),
        ],
    )
    questions = (
        ({"tax_number": "DE123"}, "tax number"),
        ({"email": "maria@alfreds.EXAMPLE"}, "e-mail"),
        ({"phone": "030 0074321"}, "phone"),
        ({"name": "alfreds"}, "name"),
    )
    for asked, reason in questions:
        assert [(d.party, d.reason) for d in find_duplicates(**asked)] == [(known, reason)]
    assert find_duplicates(name="alfreds", exclude=known.pk) == []


def test_merging_moves_what_the_other_lacks_and_keeps_the_merged_party(inside):
    company = make_company()
    kept = create_party(name="Alfreds", contact_points=[ContactPointInput(kind=ContactPoint.Kind.PHONE, value="1")])
    double = make_customer(company, "Alfred's")
    merge_party(party=double, into=kept)
    double.refresh_from_db()
    assert double.merged_into == kept
    assert [role.role for role in kept.roles.all()] == ["customer"]
    with pytest.raises(Refused) as refusal:
        merge_party(party=double, into=kept)
    assert code_of(refusal) == "STATE"


def test_quantities_convert_exactly_and_are_rounded_once(inside):
    third = make_unit("third", 3)
    piece, dozen, gross = make_unit("pcs"), make_unit("dz"), make_unit("gr")
    item = make_item("EGG", piece)
    add_conversion(source=dozen, target=piece, numerator=12)
    add_conversion(source=gross, target=dozen, numerator=12)
    add_conversion(item=item, source=third, target=piece, numerator=1, denominator=3)
    known = Conversions([item])
    assert known.base_quantity(item, Decimal(2), gross.pk) == 288
    assert known.base_quantity(item, Decimal(3), third.pk) == 1
    assert known.factor(item.pk, piece.pk, gross.pk) * 144 == 1


def test_a_cyclic_conversion_is_refused(inside):
    piece, dozen, gross = make_unit("pcs"), make_unit("dz"), make_unit("gr")
    add_conversion(source=dozen, target=piece, numerator=12)
    add_conversion(source=gross, target=dozen, numerator=12)
    with pytest.raises(Refused) as refusal:
        add_conversion(source=gross, target=piece, numerator=100)
    assert [(p.code, p.field) for p in refusal.value.problems] == [("CYCLE", ("target",))]


def test_a_unit_that_does_not_convert_is_refused(inside):
    item = make_item()
    with pytest.raises(Refused) as refusal:
        Conversions([item]).base_quantity(item, Decimal(1), make_unit("kg", 3).pk)
    assert code_of(refusal) == "NO_CONVERSION"


def test_the_latest_rate_up_to_the_day_holds_and_none_is_refused(inside):
    with unit_of_work():
        for day, rate in ((1, "7.10"), (5, "7.02")):
            ExchangeRate(currency="USD", quote="CNY", date=date(2026, 3, day), rate=Decimal(rate)).save()
    assert rate_on(currency="USD", quote="CNY", on=date(2026, 3, 4)).rate == Decimal("7.10")
    assert rate_on(currency="USD", quote="CNY", on=date(2026, 3, 5)).rate == Decimal("7.02")
    assert rate_on(currency="CNY", quote="CNY", on=date(2026, 3, 5)).rate == 1
    with pytest.raises(Refused) as refusal:
        rate_on(currency="USD", quote="CNY", on=date(2026, 2, 28))
    assert code_of(refusal) == "NO_RATE"


def test_an_unknown_currency_is_refused(inside):
    with pytest.raises(Refused) as refusal, unit_of_work():
        ensure_currency("XYZ")
    assert code_of(refusal) == "INVALID"


def test_the_rate_of_a_tax_is_the_one_of_its_day_and_the_most_specific_rule_wins(inside):
    general, food = make_tax("VAT13", "0.13"), make_tax("VAT9", "0.09")
    with unit_of_work():
        TaxRate(tax=general, valid_from=date(2026, 7, 1), rate=Decimal("0.12")).save()
        TaxRule(tax=general).save()
        TaxRule(tax_category="food", tax=food).save()
        TaxRule(tax_status="exempt", tax_category="food", tax=None).save()
    asked = {"side": "sale", "country": "CN", "tax_categories": ["", "food"]}
    june = choose_taxes(**asked, tax_status="", on=date(2026, 6, 30))
    assert {category: applied.rate for category, applied in june.items()} == {"": Decimal("0.13"), "food": Decimal("0.09")}
    july = choose_taxes(**asked, tax_status="exempt", on=date(2026, 7, 1))
    assert (july[""].rate, july["food"]) == (Decimal("0.12"), None)


def test_a_tax_that_a_rule_names_without_a_rate_on_the_day_is_refused(inside):
    with unit_of_work():
        TaxRule(tax=make_tax()).save()
    with pytest.raises(Refused) as refusal:
        choose_taxes(side="sale", country="", tax_status="", tax_categories=[""], on=date(1999, 12, 31))
    assert [(p.code, p.field) for p in refusal.value.problems] == [("NO_RATE", ("taxes",))]


def test_instalments_sum_to_the_whole_and_fall_on_the_months_end(inside):
    term = PaymentTerm.objects.get(code="month30")
    made = instalments(total=Decimal("100.00"), currency="CNY", term=term, base_dates={"invoice": date(2026, 1, 15)})
    assert [(i.due_date, i.amount) for i in made] == [(date(2026, 2, 28), Decimal("100.00"))]


def test_a_member_reaches_its_unit_all_below_and_its_company(inside):
    company, other = make_company(), make_company("OTHER")
    with unit_of_work():
        sales = OrgUnit(company=company, code="S", name="Sales")
        sales.save()
        north = OrgUnit(company=company, parent=sales, code="N", name="North")
        north.save()
        OrgUnit(company=company, code="B", name="Books").save()
        OrgUnit(company=other, code="S", name="Sales").save()
    bob, boss = (create_party(name=name, kind=Party.Kind.PERSON) for name in ("Bob", "Boss"))
    member, manager = new_id(), new_id()
    link_member(member=member, person=bob)
    link_member(member=manager, person=boss)
    assign_person(person=bob, unit=sales, manager=boss, valid_from=date(2026, 1, 1), valid_to=date(2026, 6, 30))
    assert reach_of_member(member=member, on=date(2026, 6, 30)) == ({sales.pk, north.pk}, {company.pk})
    assert reach_of_member(member=member, on=date(2026, 7, 1)) == (frozenset(), frozenset())
    assert manager_of_member(member=member, on=date(2026, 3, 1)) == manager
    with pytest.raises(Refused) as refusal:
        assign_person(person=make_customer(company), unit=sales, valid_from=date(2026, 1, 1))
    assert code_of(refusal) == "INVALID"


def test_seeding_again_changes_nothing(inside):
    before = PaymentTerm.objects.count()
    seed_base()
    assert PaymentTerm.objects.count() == before == 4


def test_no_values_is_no_dimension_set(inside):
    assert dimension_set_of([]) is None
