"""What the API of a company shows of what it has bought, uses and owes."""

from tessera.resource import Report

from billing import overview
from billing.lifecycle.overview import billing_standing
from billing.metering.overview import billing_usage
from billing.permissions import ENTITLEMENT_VIEW

Report(name="billing_entitlements", selector=overview.billing_entitlements, permission=ENTITLEMENT_VIEW)
Report(name="explain_entitlement", selector=overview.explain_entitlement, permission=ENTITLEMENT_VIEW)
Report(name="billing_standing", selector=billing_standing, permission="")  # everybody is to know why nothing can be changed
Report(name="billing_usage", selector=billing_usage, permission=ENTITLEMENT_VIEW)
