"""What base shows of its masters."""

from modules.base.resources import imports, items, money, organisation, parties, taxes

__all__ = ["imports", "items", "money", "organisation", "parties", "taxes"]
