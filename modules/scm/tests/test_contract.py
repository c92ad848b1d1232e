"""SCM holds what every module has to hold."""

from tessera.testing import ModuleContract


class TestSCM(ModuleContract):
    module = "scm"
