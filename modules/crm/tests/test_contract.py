"""CRM holds what every module has to hold."""

from tessera.testing import ModuleContract


class TestCRM(ModuleContract):
    module = "crm"
