"""ERP holds what every module has to hold."""

from tessera.testing import ModuleContract


class TestERP(ModuleContract):
    module = "erp"
