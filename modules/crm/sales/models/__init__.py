"""From the first contact to the won deal."""

from modules.crm.sales.models.lead import Lead, LeadRule, LeadRuleMember
from modules.crm.sales.models.opportunity import Opportunity, Pipeline, Stage, StageChange

__all__ = ["Lead", "LeadRule", "LeadRuleMember", "Opportunity", "Pipeline", "Stage", "StageChange"]
