"""Maintenance: machines at customers, their warranty, and the visits to them."""
