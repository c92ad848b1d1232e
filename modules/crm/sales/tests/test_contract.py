"""Sales holds what every module has to hold."""

from tessera.testing import ModuleContract


class TestSales(ModuleContract):
    module = "sales"
