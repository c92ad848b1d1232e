"""Stock holds what every module has to hold."""

from tessera.testing import ModuleContract


class TestStock(ModuleContract):
    module = "stock"
    gaps = {"off_and_on_keeps_every_byte": "rows made up for the check reserve more than lies there, which switching on refuses"}
