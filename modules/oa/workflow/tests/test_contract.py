"""Workflow holds what every module has to hold."""

from tessera.testing import ModuleContract


class TestWorkflow(ModuleContract):
    module = "workflow"
    gaps = {
        "large_tables_are_ordered_by_an_index": "votes are ordered by time without an index",
        "models_are_shown_or_kept": "a request does not show its version yet",
    }
