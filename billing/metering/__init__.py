"""Plans become limits, and use beyond them becomes usage at Stripe."""
