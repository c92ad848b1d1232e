"""OA holds what every module has to hold."""

from tessera.testing import ModuleContract


class TestOA(ModuleContract):
    module = "oa"
