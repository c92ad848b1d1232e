"""Base holds what every module has to hold."""

from tessera.testing import ModuleContract


class TestBase(ModuleContract):
    module = "base"
