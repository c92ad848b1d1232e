"""An import reports every bad row with its reason and imports nothing, or the good rows."""

import json

import pytest

from modules.base.models import Item, ItemCategory, Party
from modules.base.tests.factories import make_company, make_unit
from tessera.errors import ApiError, Forbidden, Refused
from tessera.exchange.models import ImportRun
from tessera.exchange.services import import_rows

ITEMS = """code,name,unit,list_price,currency
1,Chai,pcs,18.00,USD
2,,pcs,19.00,USD
3,Aniseed Syrup,box,10.00,USD
4,Chef Anton's,pcs,NaN,USD
1,Chai again,pcs,18.00,USD
5,Gumbo,pcs,NULL,
"""


def problems_of(run):
    return [(p["row"], p["field"], p["code"]) for p in run.problems]


EXPECTED = [
    (2, "name", "REQUIRED"),
    (3, "unit", "NOT_FOUND"),
    (4, "list_price", "INVALID"),
    (5, "code", "UNIQUE"),
]


def test_nothing_comes_in_when_all_rows_must(inside):
    make_unit("pcs")
    run = import_rows(importer="items", data=ITEMS)
    assert problems_of(run) == EXPECTED
    assert (run.total, run.imported, Item.objects.count()) == (6, 0, 0)


def test_the_good_rows_come_in_when_asked(inside):
    make_unit("pcs")
    run = import_rows(importer="items", data=ITEMS, mode=ImportRun.Mode.GOOD_ROWS)
    assert problems_of(run) == EXPECTED
    assert (run.total, run.imported) == (6, 2)
    assert list(Item.objects.order_by("code").values_list("code", "list_price")) == [("1", 18), ("5", None)]


def test_parties_come_in_with_address_contact_and_role(inside):
    make_company("HQ")
    row = {
        "company": "HQ",
        "code": "ALFKI",
        "name": "Alfreds Futterkiste",
        "city": "Berlin",
        "contact_name": "Maria",
        "fax": "NULL",
    }
    run = import_rows(importer="parties", data=json.dumps([row]), format=ImportRun.Format.JSON)
    assert (run.imported, run.problems) == (1, [])
    party = Party.objects.get(code="ALFKI")
    assert (party.addresses.get().city, party.roles.get().role, party.contacts.get().name) == ("Berlin", "customer", "Maria")


@pytest.mark.parametrize(
    ("data", "format"),
    [("[1, 2]", "json"), ("{", "json"), ('code,name\n"a', "csv"), ("code,name\n1,2,3", "csv")],
)
def test_what_is_no_table_is_refused(inside, data, format):
    with pytest.raises(Refused) as refusal:
        import_rows(importer="items", data=data, format=ImportRun.Format(format))
    assert [(p.code, p.field) for p in refusal.value.problems] == [("INVALID", ("data",))]


def test_an_unknown_importer_is_refused(inside):
    with pytest.raises(Refused) as refusal:
        import_rows(importer="nonsense", data="code\n1")
    assert refusal.value.problems[0].field == ("importer",)


def test_the_right_of_what_is_imported_is_needed_too(as_member):
    as_member("exchange.import_run_create")
    with pytest.raises(Forbidden) as refusal:
        import_rows(importer="item_categories", data="code,name\n1,Beverages")
    assert refusal.value.permission == "base.item_category_create"
    assert not ItemCategory.objects.exists()


def test_an_importer_of_an_absent_module_is_disabled(tenant):
    from tessera.context import system
    from tessera.testing.plugin import entered

    with entered(tenant, actor=system("test"), modules=frozenset()), pytest.raises(ApiError) as refusal:
        import_rows(importer="items", data="code\n1")
    assert refusal.value.code == "MODULE_DISABLED"
