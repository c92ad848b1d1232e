"""What is to be approved, what is being approved, and what was said."""

from modules.oa.workflow.models.definition import ProcessDefinition
from modules.oa.workflow.models.instance import ApprovalTask, ProcessInstance, Vote
from modules.oa.workflow.models.stand_in import Delegation

__all__ = ["ApprovalTask", "Delegation", "ProcessDefinition", "ProcessInstance", "Vote"]
