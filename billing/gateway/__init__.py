"""Stripe, seen from here: one client, what is read as plain dataclasses, and the few things that are written."""
