"""Everything that changes processes, requests and tasks."""

from modules.oa.workflow.services.definitions import define_process, publish_process, retire_process
from modules.oa.workflow.services.hand_over import hand_over_tasks
from modules.oa.workflow.services.instances import ask, hold, resubmit_request, retry_request, withdraw_request
from modules.oa.workflow.services.stand_ins import create_delegation, end_delegation
from modules.oa.workflow.services.tasks import (
    add_approver,
    approve_task,
    delegate_task,
    reject_task,
    return_task,
    transfer_task,
)

__all__ = [
    "add_approver",
    "approve_task",
    "ask",
    "create_delegation",
    "define_process",
    "delegate_task",
    "end_delegation",
    "hand_over_tasks",
    "hold",
    "publish_process",
    "reject_task",
    "resubmit_request",
    "retire_process",
    "retry_request",
    "return_task",
    "transfer_task",
    "withdraw_request",
]
