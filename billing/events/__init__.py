"""Stripe's events: taken in, processed, or kept apart."""
