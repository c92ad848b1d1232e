"""What a tenant may set for orders."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class OrdersSettings:
    """`quote_validity_days` is how long a quote holds unless it says otherwise."""

    quote_validity_days: int = 30
