"""What modules are tested with: fixtures (`tessera.testing.plugin`) and the contract of modules."""

from typing import Any


def __getattr__(name: str) -> Any:
    """Give `ModuleContract` when it is asked for: the plugin comes before the settings, the contract needs them."""
    if name == "ModuleContract":
        from tessera.testing.contract import ModuleContract

        return ModuleContract
    raise AttributeError(name)
