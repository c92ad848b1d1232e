"""Hand the roles that a manifest proposes to whoever keeps roles in the tenant."""

from tessera.access.services import propose_roles as propose
from tessera.module import Module


def propose_roles(module: Module) -> None:
    """Make the roles of a module in the tenant in force, and bring unchanged ones up to its version."""
    propose(module=module)
