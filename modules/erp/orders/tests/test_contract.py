"""Orders holds what every module has to hold."""

from tessera.testing import ModuleContract


class TestOrders(ModuleContract):
    module = "orders"
