"""Quotes and sales orders."""
