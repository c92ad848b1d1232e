"""What service can do."""

from modules.crm.service.services.seeds import seed_service
from modules.crm.service.services.surveys import (
    answer_survey,
    expire_surveys,
    mail_survey,
    resend_survey,
    send_survey,
    token_of,
)
from modules.crm.service.services.tickets import (
    change_ticket,
    close_ticket,
    open_ticket,
    reopen_ticket,
    resolve_ticket,
    take_ticket,
)

__all__ = [name for name in dir() if not name.startswith("_")]
