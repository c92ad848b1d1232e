"""What other modules may use of sales."""

from modules.crm.sales.models import Lead, Opportunity, Pipeline, Stage
from modules.crm.sales.services import capture_lead, convert_lead, create_opportunity, move_opportunity

__all__ = [name for name in dir() if not name.startswith("_")]
