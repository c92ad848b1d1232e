"""Hand the roles that a manifest proposes to whoever keeps roles in the tenant."""

from importlib.util import find_spec

from tessera.module import Module


def propose_roles(module: Module) -> None:
    """Create the roles of a module in the tenant in force, those it does not have yet."""
    if module.roles and find_spec("tessera.access") and find_spec("tessera.access.services"):
        from tessera.access.services import propose_roles as propose

        propose(module)
