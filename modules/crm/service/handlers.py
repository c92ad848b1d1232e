"""What service does after a delivery."""

from uuid import UUID

from tessera.api import Event, on

from modules.base.api import Company, Party
from modules.crm.service import services

ORDER = "orders.SalesOrder"


@on("orders.sales_order_delivered")
def ask_the_customer(event: Event) -> None:
    """Send one survey per delivered order."""
    contact = event.data.get("contact")
    services.send_survey(
        kind=ORDER,
        document=event.subject,
        number=event.data["number"],
        company=Company.objects.get(pk=event.data["company"]),
        party=Party.objects.get(pk=event.data["party"]),
        contact=Party.objects.get(pk=contact) if contact else None,
    )


@on("service.survey_sent")
def mail_the_letter(event: Event) -> None:
    """Mail the link to the customer."""
    services.mail_survey(survey=UUID(str(event.subject)), serial=event.data["serial"])
