"""What is asked of sales that is more than a row."""

from modules.crm.sales.selectors.funnel import FunnelStage, sales_funnel
from modules.crm.sales.selectors.leads import LeadDuplicate, lead_duplicates, leads_overdue

__all__ = ["FunnelStage", "LeadDuplicate", "lead_duplicates", "leads_overdue", "sales_funnel"]
