"""What other modules may use of workflow."""

from modules.oa.workflow.models import ApprovalTask, ProcessDefinition, ProcessInstance
from modules.oa.workflow.selectors import open_tasks, requests_for
from modules.oa.workflow.services import define_process, publish_process
from modules.oa.workflow.steps import ProcessCondition, ProcessStep, StepRule

__all__ = [
    "ApprovalTask",
    "ProcessCondition",
    "ProcessDefinition",
    "ProcessInstance",
    "ProcessStep",
    "StepRule",
    "define_process",
    "open_tasks",
    "publish_process",
    "requests_for",
]
