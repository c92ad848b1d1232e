"""The base: parties, items, units, money and organisation that every other module stands on."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from tessera.module import MenuItem, Module, Permission, Role


class Base(Module):
    """Always on."""

    name, label, title, version = "modules.base", "base", _("Base"), "1.0"
    always_on = True
    permissions = (
        Permission("base.party_create", _("Create parties")),
        Permission("base.party_merge", _("Merge parties")),
        Permission("base.contact_point_create", _("Add contact points")),
        Permission("base.unit_conversion_create", _("Add unit conversions")),
        Permission("base.company_create", _("Set up companies")),
        Permission("base.assignment_create", _("Assign people to units")),
        Permission("base.member_person_create", _("Link members to persons")),
        Permission("base.dimension_set_create", _("Combine dimension values")),
        Permission("base.credit_limit_view", _("See credit limits")),
        Permission("base.bank_account_number_view", _("See bank account numbers")),
    )
    roles = {
        "base_reader": Role(_("Reader of masters"), ("base.*_view",)),
        "base_editor": Role(_("Editor of masters"), ("base.*",)),
    }
    menu = (
        MenuItem(_("Parties"), "Party", "base.party_view"),
        MenuItem(_("Items"), "Item", "base.item_view"),
        MenuItem(_("Companies"), "Company", "base.company_view"),
    )

    def on_enable(self, tenant: Any) -> None:
        """Give a new tenant the units, terms and dimensions that everybody needs."""
        from modules.base.services.seeds import seed_base

        seed_base()
