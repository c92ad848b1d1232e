"""Points of the API that a plan includes become the tier of the company's budget."""

from django.conf import settings
from tessera.budget import USUAL

from billing.catalogue.offers import Counted
from billing.models import Entitlement


def tier_of(entitlement: Entitlement) -> str:
    """Return the largest tier that gives back no more points a second than are included, the smallest where even that gives more.

    Where nothing is said of points, or there is no limit, it is the usual one.
    """
    quota = entitlement.quotas.get(Counted.API_POINTS)
    if quota is None or quota["limit"] is None:
        return USUAL
    usual: int = settings.TESSERA_BUDGETS["tenant"][1]
    tiers = sorted(settings.TESSERA_BUDGET_TIERS.items(), key=lambda tier: tier[1])
    fitting = [name for name, times in tiers if times * usual <= quota["limit"]]
    return fitting[-1] if fitting else tiers[0][0]
