"""What happens after the sale: surveys and tickets."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from tessera.module import MenuItem, Module, Permission, Role

from modules.crm.service.settings import ServiceSettings


class Service(Module):
    """Asks customers how it was, and helps where it was not good."""

    name, label, title, version = "modules.crm.service", "service", _("Service"), "1.0"
    platform = ">=0.1,<1"
    depends = ("base",)
    settings = ServiceSettings
    permissions = (
        Permission("service.survey_view", _("View surveys")),
        Permission("service.survey_answer", _("Answer surveys")),
        Permission("service.survey_resend", _("Send surveys again")),
        Permission("service.ticket_view", _("View tickets")),
        Permission("service.ticket_create", _("Open tickets")),
        Permission("service.ticket_update", _("Change tickets")),
        Permission("service.ticket_take", _("Take tickets")),
        Permission("service.ticket_resolve", _("Resolve tickets")),
        Permission("service.ticket_reopen", _("Reopen tickets")),
        Permission("service.ticket_close", _("Close tickets")),
        Permission("service.sla_policy_view", _("View service levels")),
        Permission("service.sla_policy_create", _("Create service levels")),
        Permission("service.sla_policy_update", _("Change service levels")),
    )
    roles = {
        "service_agent": Role(
            _("Service agent"),
            (
                "service.*_view",
                "service.survey_resend",
                "service.ticket_create",
                "service.ticket_update",
                "service.ticket_take",
                "service.ticket_resolve",
                "service.ticket_reopen",
                "service.ticket_close",
            ),
            reach="company",
        ),
        "service_manager": Role(_("Service manager"), ("service.*",)),
    }
    menu = (
        MenuItem(_("Tickets"), "Ticket", "service.ticket_view"),
        MenuItem(_("Surveys"), "Survey", "service.survey_view"),
    )

    def on_enable(self, tenant: Any) -> None:
        """Give a tenant its first service levels."""
        from modules.crm.service.services import seed_service

        seed_service()
