"""Everything that answers: importing this registers every route."""

from billing.local_stripe import (
    checkout,
    control,
    coupons,
    customers,
    disputes,
    events,
    invoice_calls,
    invoice_payments,
    meters,
    payment_methods,
    payments,
    previews,
    products,
    subscription_updates,
    subscriptions,
    tax_ids,
    taxes,
    test_clocks,
    webhook_endpoints,
)
