"""The manifest of workflow."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from tessera.module import MenuItem, Module, Permission, Role


class Workflow(Module):
    """Approvals by people: processes as data, requests, tasks, votes."""

    name, label, title, version = "modules.oa.workflow", "workflow", _("Approvals"), "1.0"
    depends = ("base",)
    permissions = (
        Permission("workflow.process_define", _("Draft approval processes")),
        Permission("workflow.process_publish", _("Put approval processes into force")),
        Permission("workflow.task_decide", _("Approve, reject and return")),
        Permission("workflow.task_hand_on", _("Hand approval tasks on")),
        Permission("workflow.request_withdraw", _("Withdraw and resubmit own requests")),
        Permission("workflow.request_manage", _("Manage everybody's requests and delegations")),
        Permission("workflow.delegation_create", _("Name a deputy")),
    )
    roles = {
        "participant": Role(
            _("Takes part in approvals"),
            (
                "workflow.task_decide",
                "workflow.task_hand_on",
                "workflow.request_withdraw",
                "workflow.delegation_create",
                "workflow.approval_task_view",
                "workflow.process_instance_view",
                "workflow.vote_view",
                "workflow.delegation_view",
            ),
            reach="own",
        ),
        "process_manager": Role(_("Manages approval processes"), ("workflow.*",)),
    }
    menu = (
        MenuItem(_("My approvals"), "ApprovalTask", "workflow.approval_task_view"),
        MenuItem(_("Requests"), "ProcessInstance", "workflow.process_instance_view"),
        MenuItem(_("Processes"), "ProcessDefinition", "workflow.process_definition_view"),
    )

    def on_disable(self, tenant: Any) -> None:
        """Free the documents that wait: with workflow off nobody could decide on them. Requests stay as they are."""
        from modules.oa.workflow.services.switching import free_documents

        free_documents()
