"""Maintenance holds what every module has to hold."""

from tessera.testing import ModuleContract


class TestMaintenance(ModuleContract):
    module = "acme_maintenance"
