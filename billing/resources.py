"""What the API of a company shows of what it has bought."""

from tessera.resource import Report

from billing import overview
from billing.permissions import ENTITLEMENT_VIEW

Report(name="billing_entitlements", selector=overview.billing_entitlements, permission=ENTITLEMENT_VIEW)
Report(name="explain_entitlement", selector=overview.explain_entitlement, permission=ENTITLEMENT_VIEW)
