"""What the API of a company shows of what it has bought, uses and owes, and what it can do about it."""

from tessera.resource import Mutation, Report

from billing.lifecycle.overview import billing_standing
from billing.metering.overview import billing_usage
from billing.permissions import BILLING_MANAGE, BILLING_VIEW, ENTITLEMENT_VIEW
from billing.selectors import choice, invoices, offers, overview, subscription
from billing.services import changes, checkout, contacts, discounts, portal, standing
from billing.spending import caps

Report(name="billing_entitlements", selector=overview.billing_entitlements, permission=ENTITLEMENT_VIEW)
Report(name="explain_entitlement", selector=overview.explain_entitlement, permission=ENTITLEMENT_VIEW)

Report(name="billing_standing", selector=billing_standing, permission="")  # everybody is to know why nothing can be changed
Report(name="billing_usage", selector=billing_usage, permission=BILLING_VIEW)
Report(name="billing_spend", selector=caps.billing_spend, permission=BILLING_VIEW)

Report(name="billing_choice", selector=choice.billing_choice, permission=BILLING_VIEW)
Report(name="billing_subscription", selector=subscription.billing_subscription, permission=BILLING_VIEW)
Report(name="billing_invoices", selector=invoices.billing_invoices, permission=BILLING_VIEW)
Report(name="billing_next_invoice", selector=invoices.billing_next_invoice, permission=BILLING_VIEW)
Report(name="billing_contact", selector=contacts.billing_contact, permission=BILLING_VIEW)
Report(name="billing_tax_ids", selector=contacts.billing_tax_ids, permission=BILLING_VIEW)
Report(name="billing_module_impact", selector=offers.billing_module_impact, permission=BILLING_VIEW)
Report(name="module_switch_offers", selector=offers.module_switch_offers, permission=BILLING_VIEW)
Report(name="billing_change_preview", selector=changes.preview_change_of_plan, permission=BILLING_MANAGE)

Mutation(name="billing_checkout", service=checkout.open_checkout)
Mutation(name="billing_checkout_chosen", service=checkout.open_chosen_checkout)
Mutation(name="billing_portal", service=portal.open_portal)
Mutation(name="billing_change", service=changes.change_plan)
Mutation(name="billing_cancel", service=standing.cancel_subscription)
Mutation(name="billing_cancel_undo", service=standing.undo_cancel)
Mutation(name="billing_pause", service=standing.pause_subscription)
Mutation(name="billing_resume", service=standing.resume_subscription)
Mutation(name="billing_code_apply", service=discounts.apply_code)
Mutation(name="billing_code_remove", service=discounts.remove_code)
Mutation(name="billing_contact_update", service=contacts.set_contact)
Mutation(name="billing_tax_id_add", service=contacts.add_company_tax_id)
Mutation(name="billing_tax_id_remove", service=contacts.remove_company_tax_id)
Mutation(name="billing_spend_cap_set", service=caps.set_spend_cap)
Mutation(name="billing_spend_cap_remove", service=caps.remove_spend_cap)
