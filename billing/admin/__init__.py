"""Billing as operators see it: customers, subscriptions, entitlements, favours, the inbox of events, partners, and the figures."""

from billing.admin import companies, customers, entitlements, events, favours, figures, partners

__all__ = ["companies", "customers", "entitlements", "events", "favours", "figures", "partners"]
