"""What sales do when quotes come and go."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from tessera.api import Event, Refused, during, on

from modules.crm.sales.models import Opportunity
from modules.crm.sales.services import link_quote, win_opportunity
from modules.erp.orders.api import Quote


@during("orders.quote_created")
def know_the_deal_of_a_quote(fact: Any, *, quote: Quote) -> None:
    """Join a quote to its deal; a deal that does not exist refuses the quote."""
    if fact.opportunity is None:
        return
    opportunity = Opportunity.objects.filter(pk=fact.opportunity).first()
    if opportunity is None:
        raise Refused("NOT_FOUND", _("There is no such deal."), "opportunity")
    link_quote(opportunity=opportunity, quote=quote)


@on("orders.quote_accepted")
def win_the_deal_of_a_quote(event: Event) -> None:
    """Win the deal that the accepted quote was for."""
    if event.data.get("opportunity"):
        found = Opportunity.objects.filter(pk=event.data["opportunity"]).first()
        if found is not None:
            win_opportunity(opportunity=found, quote=event.subject, order=UUID(event.data["order"]))
