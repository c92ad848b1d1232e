"""A name says whose it is: what a vendor's module gives begins with the vendor's prefix, and nothing else does."""

from dataclasses import replace
from types import ModuleType

import pytest
from tessera import vendors
from tessera.api import Under
from tessera.module import Module, modules
from tessera.testing.contract.parts import part_of
from tessera.testing.contract.vendors import names_carry_the_vendor

from tests.contract.planting import changed


@pytest.fixture
def plant(monkeypatch):
    """Return a function that installs a module of the vendor acme with one resource, and returns what the check says."""

    def install(label="acme_fleet", vendor="acme", name="AcmeVan", plural="AcmeVans", under=()):
        kind = type("Fleet", (Module,), {"name": label, "label": label, "vendor": vendor, "path": "/nowhere"})
        fleet = kind(label, ModuleType(label))
        resource = changed(vendors.RESOURCES["Party"], name=name, plural=plural, module=label, under=under)
        monkeypatch.setattr(vendors, "modules", lambda: {**modules(), label: fleet})
        monkeypatch.setitem(vendors.RESOURCES, name, resource)
        return [f"{error.id} {error.msg}" for error in vendors.check_names(None)]

    return install


def test_ours_are_nobody_elses():
    assert vendors.check_names(None) == []


def test_a_module_whose_names_begin_with_its_vendors_prefix_is_taken(plant):
    assert plant(under=(Under("base.Party", "acme_vans", "party"), Under("acme_fleet.AcmeGarage", "vans", "garage"))) == []


@pytest.mark.parametrize(
    ("planted", "says"),
    [
        ({"label": "fleet"}, "fleet: the module is named fleet, without the prefix of its vendor acme"),
        ({"label": "acmefleet"}, "acmefleet: the module is named acmefleet, without"),
        ({"name": "Van"}, "acme_fleet: the resource is named Van, without"),
        ({"name": "Acmevan"}, "acme_fleet: the resource is named Acmevan, without"),
        ({"plural": "Vans"}, "acme_fleet: the plural of AcmeVan is named Vans, without"),
        ({"under": (Under("base.Party", "vans", "party"),)}, "acme_fleet: the list of AcmeVan below base.Party is named vans, without"),
        ({"vendor": "sales", "label": "sales_fleet"}, "orders: the resource is named SalesOrder, which begins with the prefix of the vendor sales"),
        ({"vendor": "", "name": "Van", "plural": "Vans", "label": "van"}, None),
    ],
)  # fmt: skip
def test_a_name_that_is_not_the_vendors_own_is_named(plant, planted, says):
    found = plant(**planted)
    assert [each for each in found if says and each.startswith(f"tessera.E060 {says}")] or (says is None and found == []), found


def test_a_fact_of_a_vendor_begins_with_the_label(plant, monkeypatch):
    fact = type("VanSold", (), {"name": "fleet.van_sold", "__module__": "acme_fleet.events"})
    monkeypatch.setitem(vendors.EVENTS, fact.name, fact)
    monkeypatch.setattr(vendors, "module_of", lambda thing: "acme_fleet" if thing is fact else None)
    assert plant() == ["tessera.E060 acme_fleet: the fact fleet.van_sold does not begin with the label"]


@pytest.mark.parametrize(
    ("name", "is_acmes"),
    [
        *((name, True) for name in ("acme_fleet", "AcmeVan", "acmeVans", "ACME_VAN", "AcmeX")),
        *((name, False) for name in ("acme", "Acmevan", "Acme2Van", "vanAcme", "")),
    ],
)
def test_a_prefix_is_a_word(name, is_acmes):
    assert vendors.begins_with("acme", name) is is_acmes


def test_the_contract_finds_what_only_the_schema_shows():
    """Types of dataclasses, fields on types of others and values of their enums, which no declaration names."""
    stock = part_of("stock")
    found = list(names_carry_the_vendor(replace(stock, module=changed(stock.module, vendor="acme"))))
    assert "stock: the type DeliveryLineInput is without the prefix of its vendor acme" in found
    assert "stock: Query.deliveries is without the prefix of its vendor acme" in found
    assert "stock: SearchedType.DELIVERY is without the prefix of its vendor acme" in found
    assert not [each for each in found if "Decimal" in each or "Boolean" in each]
    assert list(names_carry_the_vendor(stock)) == []
