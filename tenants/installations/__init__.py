"""The life of modules in a tenant: enable, disable, purge, upgrade, and heal after a kill.

Each act is three committed steps: the wish in public, the deed in the tenant (tables, hooks and
the tenant's own row in one transaction), the mirror in public. The tenant's row is the truth.
"""

from tenants.installations.disabling import disable_module
from tenants.installations.enabling import enable_modules, upgrade_tenant
from tenants.installations.healing import reconcile_tenant
from tenants.installations.purging import purge_module

__all__ = ["disable_module", "enable_modules", "purge_module", "reconcile_tenant", "upgrade_tenant"]
