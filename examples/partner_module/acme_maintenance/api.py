"""What other modules may use of maintenance."""

from acme_maintenance.models import AcmeMachine, AcmeServicePlan, AcmeVisit
from acme_maintenance.services import complete_visit, plan_visit, register_machine, retire_machine

__all__ = ["AcmeMachine", "AcmeServicePlan", "AcmeVisit", "complete_visit", "plan_visit", "register_machine", "retire_machine"]
