"""Leads, opportunities and the way to a won deal."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from tessera.module import MenuItem, Module, Permission, Role


class Sales(Module):
    """Wins customers; what they then buy is of orders."""

    name, label, title, version = "modules.crm.sales", "sales", _("Sales"), "1.0"
    platform = ">=0.1,<1"
    depends = ("base", "orders")
    permissions = (
        Permission("sales.lead_view", _("View leads")),
        Permission("sales.lead_create", _("Take leads in")),
        Permission("sales.lead_update", _("Change leads")),
        Permission("sales.lead_assign", _("Assign leads")),
        Permission("sales.lead_respond", _("Note the answer to leads")),
        Permission("sales.lead_convert", _("Convert leads")),
        Permission("sales.lead_lose", _("Give leads up")),
        Permission("sales.lead_rule_view", _("View lead rules")),
        Permission("sales.lead_rule_create", _("Create lead rules")),
        Permission("sales.lead_rule_update", _("Change lead rules")),
        Permission("sales.lead_rule_delete", _("Delete lead rules")),
        Permission("sales.lead_rule_member_view", _("View who is in turn")),
        Permission("sales.opportunity_view", _("View opportunities")),
        Permission("sales.opportunity_create", _("Create opportunities")),
        Permission("sales.opportunity_update", _("Change opportunities")),
        Permission("sales.opportunity_move", _("Move opportunities")),
        Permission("sales.opportunity_amount_view", _("See amounts of opportunities")),
        Permission("sales.pipeline_view", _("View pipelines")),
        Permission("sales.pipeline_create", _("Create pipelines")),
        Permission("sales.pipeline_update", _("Change pipelines")),
        Permission("sales.stage_view", _("View stages")),
        Permission("sales.stage_create", _("Create stages")),
        Permission("sales.stage_update", _("Change stages")),
        Permission("sales.stage_delete", _("Delete stages")),
        Permission("sales.stage_change_view", _("View the history of stages")),
    )
    roles = {
        "sales_rep": Role(
            _("Sales representative"),
            (
                "sales.*_view",
                "sales.lead_create",
                "sales.lead_update",
                "sales.lead_respond",
                "sales.lead_convert",
                "sales.lead_lose",
                "sales.opportunity_create",
                "sales.opportunity_update",
                "sales.opportunity_move",
            ),
            reach="own",
        ),
        "sales_manager": Role(_("Sales manager"), ("sales.*",), reach="unit"),
    }
    menu = (
        MenuItem(_("Leads"), "Lead", "sales.lead_view"),
        MenuItem(_("Opportunities"), "Opportunity", "sales.opportunity_view"),
    )

    def on_enable(self, tenant: Any) -> None:
        """Give a tenant its first pipeline."""
        from modules.crm.sales.services import seed_sales

        seed_sales()
