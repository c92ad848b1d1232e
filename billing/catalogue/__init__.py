"""What is sold: the catalogue of plans, bundles, modules, seats and meters, and its way to Stripe."""
