"""The manifest."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _
from tessera.module import MenuItem, Module, ModulePrice, Permission, Role


class AcmeMaintenance(Module):
    """Knows the machines that were delivered to customers, what is under warranty, and who has to go where and when."""

    name, label, title, version = "acme_maintenance", "acme_maintenance", _("Maintenance"), "1.0"
    platform = ">=0.1,<1"
    depends = ("base", "stock")
    vendor = "acme"
    price = (
        ModulePrice(month=Decimal(15), currency="USD"),
        ModulePrice(month=Decimal(14), currency="EUR"),
        ModulePrice(month=Decimal(98), currency="CNY", year=Decimal(900)),
    )
    permissions = (
        Permission("acme_maintenance.acme_service_plan_view", _("View service plans")),
        Permission("acme_maintenance.acme_service_plan_create", _("Create service plans")),
        Permission("acme_maintenance.acme_service_plan_update", _("Change service plans")),
        Permission("acme_maintenance.acme_machine_view", _("View machines")),
        Permission("acme_maintenance.acme_machine_create", _("Register machines")),
        Permission("acme_maintenance.acme_machine_update", _("Change machines")),
        Permission("acme_maintenance.acme_machine_retire", _("Retire machines")),
        Permission("acme_maintenance.acme_visit_view", _("View visits")),
        Permission("acme_maintenance.acme_visit_plan", _("Plan visits")),
        Permission("acme_maintenance.acme_visit_complete", _("Report on visits")),
    )
    roles = {
        "acme_technician": Role(
            _("Technician"),
            (
                "acme_maintenance.*_view",
                "acme_maintenance.acme_machine_update",
                "acme_maintenance.acme_visit_complete",
                "base.company_view",
                "base.item_view",
                "base.party_view",
            ),
            reach="company",
        ),
        "acme_maintenance_planner": Role(_("Maintenance planner"), ("acme_maintenance.*", "base.*_view")),
    }
    menu = (
        MenuItem(_("Visits"), "AcmeVisit", "acme_maintenance.acme_visit_view"),
        MenuItem(_("Machines"), "AcmeMachine", "acme_maintenance.acme_machine_view"),
        MenuItem(_("Service plans"), "AcmeServicePlan", "acme_maintenance.acme_service_plan_view"),
    )
