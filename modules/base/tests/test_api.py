"""The masters through the API, each by somebody who holds just the right it takes."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connections, transaction
from tessera.testing.asking import ask, id_of, told
from tessera.unit_of_work import unit_of_work

from modules.base.models import Company, DimensionValue, ItemCategory, OrgUnit, Party, Position, Unit
from modules.base.services import create_party
from modules.base.tests.factories import make_company, make_item, make_unit


def saved(row):
    with unit_of_work():
        row.save()
    return row


def test_a_company_is_set_up_with_its_party_and_limits(inside, as_member):
    party = create_party(name="Acme Ltd.")
    as_member("base.company_create", "base.company_view", "base.party_view")
    given = (
        f'code: "ACME", name: "Acme", currency: "eur", country: "de", timeZone: "Europe/Berlin", party: "{id_of(party)}", '
        'cogsAt: DELIVERY, discountLimit: "0.1", orderLimit: "500"'
    )
    node, errors = told("companyCreate", f"input: {{{given}}}", "currency country cogsAt party { name }")
    assert (node, errors) == ({"currency": "EUR", "country": "DE", "cogsAt": "DELIVERY", "party": {"name": "Acme Ltd."}}, [])


@pytest.mark.parametrize(
    ("given", "problem"),
    [('currency: "XYZ"', ("INVALID", "currency")), ('currency: "EUR", timeZone: "Mars/Base"', ("INVALID", "timeZone"))],
)
def test_a_company_without_a_real_currency_or_zone_is_refused(inside, as_member, given, problem):
    as_member("base.company_create", "base.company_view")
    assert told("companyCreate", f'input: {{code: "A", name: "A", {given}}}') == (None, [problem])
    assert not Company.objects.exists()


@pytest.fixture
def units(inside):
    company = make_company()
    top = saved(OrgUnit(company=company, code="T", name="Top"))
    return company, top, saved(OrgUnit(company=company, parent=top, code="B", name="Below"))


def test_a_unit_below_itself_or_in_another_company_is_refused(units, as_member):
    company, top, below = units
    other = saved(OrgUnit(company=make_company("OTHER"), code="O", name="Other"))
    as_member("base.org_unit_view", "base.org_unit_create", "base.org_unit_update", "base.company_view")
    for parent, problem in ((below, ("CYCLE", "parent")), (top, ("CYCLE", "parent")), (other, ("INVALID", "parent"))):
        assert told("orgUnitUpdate", f'id: "{id_of(top)}", input: {{parent: "{id_of(parent)}"}}') == (None, [problem])
    assert told("orgUnitUpdate", f'id: "{id_of(top)}", input: {{company: "{id_of(other.company)}"}}')[1] == [
        ("INVALID", "company")
    ]
    given = f'company: "{id_of(company)}", parent: "{id_of(below)}", code: "C", name: "C"'
    assert told("orgUnitCreate", f"input: {{{given}}}", "parent { code }") == ({"parent": {"code": "B"}}, [])


def test_a_category_below_itself_is_refused(inside, as_member):
    top = saved(ItemCategory(code="T", name="Top"))
    below = saved(ItemCategory(code="B", name="Below", parent=top))
    as_member("base.item_category_view", "base.item_category_update")
    assert told("itemCategoryUpdate", f'id: "{id_of(top)}", input: {{parent: "{id_of(below)}"}}') == (None, [("CYCLE", "parent")])


@pytest.mark.parametrize("table", ["base_orgunit", "base_itemcategory"])
def test_the_database_refuses_a_circle_in_a_tree(units, table):
    top = saved(ItemCategory(code="T", name="Top"))
    saved(ItemCategory(code="B", name="Below", parent=top))
    circle = f"UPDATE {table} SET parent_id = (SELECT id FROM {table} WHERE code = 'B') WHERE code = 'T'"
    with (
        pytest.raises(IntegrityError, match="Nothing is below itself"),
        transaction.atomic(using="default"),
        connections["default"].cursor() as cursor,
    ):
        cursor.execute(circle)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            "UPDATE base_orgunit SET parent_id = (SELECT id FROM base_orgunit WHERE code = 'O') WHERE code = 'B'",
            "its own company",
        ),
        (
            "UPDATE base_orgunit SET company_id = (SELECT id FROM base_company WHERE code = 'OTHER') WHERE code = 'B'",
            "its own company",
        ),
        (
            "UPDATE base_orgunit SET company_id = (SELECT id FROM base_company WHERE code = 'OTHER') WHERE code = 'T'",
            "another company",
        ),
        (
            "INSERT INTO base_orgunit SELECT gen_random_uuid(), version, created_at, updated_at, 'X', name, company_id,"
            " (SELECT id FROM base_orgunit WHERE code = 'T') FROM base_orgunit WHERE code = 'O'",
            "its own company",
        ),
    ],
)
def test_the_database_refuses_a_unit_below_one_of_another_company(units, statement, told):
    saved(OrgUnit(company=make_company("OTHER"), code="O", name="Other"))
    with (
        pytest.raises(IntegrityError, match=told),
        transaction.atomic(using="default"),
        connections["default"].cursor() as cursor,
    ):
        cursor.execute(statement)


def test_a_person_is_put_into_a_post_under_a_manager(units, as_member):
    _company, top, below = units
    bob, ada = (create_party(name=name, kind=Party.Kind.PERSON) for name in ("Bob", "Ada"))
    firm = create_party(name="Acme")
    post, elsewhere = (saved(Position(unit=unit, title=unit.name)) for unit in (below, top))
    as_member("base.assignment_create", "base.assignment_view", "base.party_view", "base.org_unit_view", "base.position_view")
    rest = f'person: "{id_of(bob)}", unit: "{id_of(below)}", validFrom: "2026-01-01"'
    wrong = (
        (f'manager: "{id_of(firm)}"', ("INVALID", "manager")),
        (f'position: "{id_of(elsewhere)}"', ("INVALID", "position")),
        ('validTo: "2025-12-31"', ("INVALID", "validTo")),
    )
    for given, (code, field) in wrong:
        node, errors = told("assignmentCreate", f"input: {{{rest}, {given}}}")
        assert (node, errors) == (None, [(code, field)])
    node, errors = told(
        "assignmentCreate",
        f'input: {{{rest}, manager: "{id_of(ada)}", position: "{id_of(post)}"}}',
        "position { title } manager { name }",
    )
    assert (node, errors) == ({"position": {"title": "Below"}, "manager": {"name": "Ada"}}, [])


def test_units_convert_once_and_never_in_a_circle(inside, as_member):
    piece, dozen, box = make_unit("pcs"), make_unit("dz"), make_unit("box")
    egg = make_item("EGG", piece)
    as_member("base.unit_conversion_create", "base.unit_conversion_view", "base.unit_view", "base.item_view")

    def add(source: Unit, target: Unit, numerator: int, more: str = "") -> list:
        given = f'source: "{id_of(source)}", target: "{id_of(target)}", numerator: {numerator}{more}'
        return told("unitConversionCreate", f"input: {{{given}}}")[1]

    of_egg = f', item: "{id_of(egg)}"'
    assert add(dozen, piece, 12) == []
    assert add(box, dozen, 10, of_egg) == []
    assert add(piece, dozen, 12) == [("CYCLE", "target")]
    assert add(piece, piece, 1) == [("CYCLE", "target")]
    assert add(box, piece, 100, of_egg) == [("CYCLE", "target")]
    assert add(box, piece, 100) == [("CYCLE", "target")]  # for eggs there is a way already
    assert add(box, piece, 0) == [("INVALID", "numerator")]
    assert add(box, piece, 1, ", denominator: 0") == [("INVALID", "denominator")]


def test_dimension_values_are_combined_once(inside, as_member):
    from modules.base.models import Dimension

    kinds = {kind.code: kind for kind in Dimension.objects.all()}
    north, south = (saved(DimensionValue(dimension=kinds["cost_centre"], code=code, name=code)) for code in ("N", "S"))
    web = saved(DimensionValue(dimension=kinds["channel"], code="W", name="Web"))
    gone = saved(DimensionValue(dimension=kinds["project"], code="G", name="Gone", active=False))
    as_member(
        "base.dimension_set_create", "base.dimension_set_view", "base.dimension_set_value_view", "base.dimension_value_view"
    )

    def combine(*values: DimensionValue) -> tuple:
        listed = ", ".join(f'"{id_of(value)}"' for value in values)
        return told("dimensionSetCreate", f"input: {{values: [{listed}]}}", "id values { nodes { value { code } } }")

    first, errors = combine(north, web)
    assert errors == [] and sorted(each["value"]["code"] for each in first["values"]["nodes"]) == ["N", "W"]
    assert combine(web, north)[0]["id"] == first["id"]
    assert combine(north, south) == (None, [("INVALID", "values")])
    assert combine() == (None, [("REQUIRED", "values")])
    assert combine(gone)[1][0][0] == "STATE"


def test_rates_are_between_two_currencies_and_once_a_day(inside, as_member):
    as_member("base.exchange_rate_create", "base.exchange_rate_view")
    given = 'currency: "{0}", quote: "{1}", date: "2026-03-01", rate: "{2}"'.format
    node, errors = told("exchangeRateCreate", f"input: {{{given('USD', 'CNY', '7.10')}}}", "rate")
    assert (Decimal(node["rate"]), errors) == (Decimal("7.10"), [])
    for values, code in ((("USD", "CNY", "7.2"), "UNIQUE"), (("USD", "USD", "1"), "INVALID"), (("USD", "EUR", "0"), "INVALID")):
        assert [error[0] for error in told("exchangeRateCreate", f"input: {{{given(*values)}}}")[1]] == [code]


@pytest.mark.parametrize("code", ["XYZ", "eu", "€€€"])
def test_a_currency_that_is_none_is_refused(inside, as_member, code):
    as_member("base.currency_create", "base.currency_view")
    assert [error[0] for error in told("currencyCreate", f'input: {{code: "{code}", name: "?"}}')[1]] == ["INVALID"]


def test_who_lacks_the_right_sets_up_nothing(inside, as_member):
    as_member("base.company_view", "base.party_view")
    for call in ('companyCreate(input: {code: "A", name: "A", currency: "EUR"})', 'partyCreate(input: {name: "A"})'):
        body = ask(f"mutation {{ {call} {{ userErrors {{ code }} }} }}")
        assert [error["extensions"]["code"] for error in body["errors"]] == ["FORBIDDEN"]
    assert not Company.objects.exists() and not Party.objects.exists()


def test_a_party_is_made_whole_with_one_mutation(inside, as_member):
    company = make_company()
    views = [f"base.{noun}_view" for noun in ("party", "company", "party_role", "address", "contact_point", "tax_registration")]
    as_member("base.party_create", *views)
    given = (
        'name: "Alfreds", contactPoints: [{kind: EMAIL, value: "Maria@Alfreds.example"}], addresses: [{city: "Berlin"}], '
        f'roles: [{{company: "{id_of(company)}", role: CUSTOMER}}], taxCountry: "de", taxNumber: "de 123"'
    )
    shown = (
        "code contactPoints { nodes { normalised } } addresses { nodes { city } } roles { nodes { role company { code } } }"
        " taxRegistrations { nodes { country number } }"
    )
    assert told("partyCreate", f"input: {{{given}}}", shown) == (
        {
            "code": "P00001",
            "contactPoints": {"nodes": [{"normalised": "maria@alfreds.example"}]},
            "addresses": {"nodes": [{"city": "Berlin"}]},
            "roles": {"nodes": [{"role": "CUSTOMER", "company": {"code": "HQ"}}]},
            "taxRegistrations": {"nodes": [{"country": "DE", "number": "DE123"}]},
        },
        [],
    )
    assert told("partyCreate", 'input: {name: "Bo", taxNumber: "1"}')[1] == [("REQUIRED", "taxCountry")]
    assert ask('{ partyDuplicates(taxNumber: "DE  123") { reason } }')["data"]["partyDuplicates"] == [{"reason": "tax number"}]


def test_a_tax_has_dated_rates_with_their_tax_points(inside, as_member):
    as_member(*[f"base.{noun}_{verb}" for noun in ("tax", "tax_rate", "tax_rule") for verb in ("create", "view")])
    node, errors = told("taxCreate", 'input: {code: "VAT", name: "VAT"}')
    for day, rate, point in (("2019-04-01", "0.13", "DELIVERY"), ("2026-07-01", "0.12", "PAYMENT")):
        given = f'tax: "{node["id"]}", validFrom: "{day}", rate: "{rate}", taxPoint: {point}'
        assert told("taxRateCreate", f"input: {{{given}}}")[1] == []
    assert told("taxRateCreate", f'input: {{tax: "{node["id"]}", validFrom: "2026-07-01", rate: "0.1"}}')[1][0][0] == "UNIQUE"
    assert told("taxRateCreate", f'input: {{tax: "{node["id"]}", validFrom: "2027-07-01", rate: "-0.1"}}')[1][0][0] == "INVALID"
    assert told("taxRuleCreate", f'input: {{country: "CN", tax: "{node["id"]}"}}', "tax { code }")[0] == {"tax": {"code": "VAT"}}
    assert errors == []


def test_a_month_is_settled_after_its_statement(inside, as_member):
    from modules.base.models import PaymentTerm
    from modules.base.services import instalments

    as_member(*[f"base.{noun}_{verb}" for noun in ("payment_term", "payment_term_line") for verb in ("create", "view")])
    node, _errors = told("paymentTermCreate", 'input: {code: "monthly", name: "月结30天"}')
    given = f'term: "{node["id"]}", days: 30, base: STATEMENT'
    assert told("paymentTermLineCreate", f"input: {{{given}}}")[1] == []
    term = PaymentTerm.objects.get(code="monthly")
    for day, due in (
        (date(2026, 1, 15), date(2026, 3, 2)),
        (date(2026, 1, 31), date(2026, 3, 2)),
        (date(2026, 2, 1), date(2026, 3, 30)),
    ):
        made = instalments(total=Decimal(100), currency="CNY", term=term, base_dates={"invoice": day})
        assert [(each.due_date, each.amount) for each in made] == [(due, Decimal(100))]
    said = instalments(
        total=Decimal(100), currency="CNY", term=term, base_dates={"invoice": date(2026, 1, 15), "statement": date(2026, 1, 25)}
    )
    assert said[0].due_date == date(2026, 2, 24)
