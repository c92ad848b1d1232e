"""Finance holds what every module has to hold."""

from tessera.testing import ModuleContract


class TestFinance(ModuleContract):
    module = "finance"
