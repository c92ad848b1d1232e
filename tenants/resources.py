"""What the API of a company shows of its modules, and how it switches them."""

from tessera.installation.permissions import MODULE_PURGE, MODULE_VIEW
from tessera.resource import Mutation, Report

from tenants import archives, overview, switching

Report(name="modules", selector=overview.list_modules, permission=MODULE_VIEW)
Report(name="module_impact", selector=overview.module_impact, permission=MODULE_VIEW)
Report(name="module_archives", selector=archives.module_archives, permission=MODULE_PURGE)
Mutation(name="module_enable", service=switching.switch_modules_on)
Mutation(name="module_disable", service=switching.switch_module_off)
Mutation(name="module_purge", service=switching.purge_module_data)
Mutation(name="module_archive", service=archives.request_archive)
