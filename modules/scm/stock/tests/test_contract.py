"""Stock holds what every module has to hold."""

from tessera.testing import ModuleContract


class TestStock(ModuleContract):
    module = "stock"
