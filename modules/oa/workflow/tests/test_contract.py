"""Workflow holds what every module has to hold."""

from tessera.testing import ModuleContract


class TestWorkflow(ModuleContract):
    module = "workflow"
