"""Billing as operators see it: customers, subscriptions, entitlements, favours, the inbox of events, and the figures."""

from billing.admin import companies, customers, entitlements, events, favours, figures

__all__ = ["companies", "customers", "entitlements", "events", "favours", "figures"]
