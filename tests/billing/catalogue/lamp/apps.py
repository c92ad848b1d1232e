"""A partner's module that is paid for: it has a price in two currencies, and for one of them a price of a year."""

from decimal import Decimal

from tessera.module import Module, ModulePrice


class Lamp(Module):
    name, label, title, version = "tests.billing.catalogue.lamp", "lamp", "Lamp", "1.0"
    depends = ("workflow",)
    price = (
        ModulePrice(month=Decimal("12.50"), currency="USD"),
        ModulePrice(month=Decimal(80), currency="CNY", year=Decimal(700)),
    )
