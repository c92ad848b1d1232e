"""Service holds what every module has to hold."""

from tessera.testing import ModuleContract


class TestService(ModuleContract):
    module = "service"
