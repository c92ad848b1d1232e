"""Amounts as operators read them: with their currency, and no more decimals than it has."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from django.contrib import admin
from django.db.models import Model

from billing.catalogue.page import money_text


def amount_of(model: type[Model], name: str, *, currency: str = "currency") -> Callable[[Any], str]:
    """Return a column of an admin that shows an amount of a model; `currency` is the path to the code of its currency."""

    @admin.display(description=model._meta.get_field(name).verbose_name, ordering=name)  # type: ignore[union-attr]
    def shown(row: Any) -> str:
        return money_text(getattr(row, name), attrgetter(currency)(row))

    return shown
