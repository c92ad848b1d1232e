"""What customers say after the sale, and what is done about it."""

from modules.crm.service.models.survey import Survey
from modules.crm.service.models.ticket import SlaPolicy, Ticket

__all__ = ["SlaPolicy", "Survey", "Ticket"]
