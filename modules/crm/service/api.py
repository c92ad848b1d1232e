"""What other modules may use of service."""

from modules.crm.service.models import Survey, Ticket
from modules.crm.service.services import open_ticket

__all__ = [name for name in dir() if not name.startswith("_")]
