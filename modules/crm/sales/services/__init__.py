"""What sales can do."""

from modules.crm.sales.services.conversion import convert_lead
from modules.crm.sales.services.leads import (
    LeadRuleMemberInput,
    assign_lead,
    capture_lead,
    create_lead_rule,
    lose_lead,
    respond_lead,
    update_lead_rule,
)
from modules.crm.sales.services.opportunities import (
    create_opportunity,
    link_quote,
    move_opportunity,
    update_opportunity,
    win_opportunity,
)
from modules.crm.sales.services.seeds import seed_sales

__all__ = [name for name in dir() if not name.startswith("_")]
