"""Currencies, rates and payment terms."""

from tessera.api import Children, Resource

from modules.base import models

Resource(
    model=models.Currency,
    plural="Currencies",
    fields=("code", "name", "active", "version"),
    writable=("code", "name", "active"),
    create=True,
    update=True,
    filters=("code", "active"),
    order=("code",),
)
Resource(
    model=models.ExchangeRate,
    fields=("currency", "quote", "date", "rate", "source", "version"),
    writable=("currency", "quote", "date", "rate", "source"),
    create=True,
    update=True,
    delete=True,
    filters=("currency", "quote", "date"),
    order=("date",),
)
Resource(
    model=models.PaymentTerm,
    fields=("code", "name", "version"),
    writable=("code", "name"),
    create=True,
    update=True,
    filters=("code", "name"),
    order=("code",),
    children=(Children("lines", models.PaymentTermLine, "term"),),
)
Resource(
    model=models.PaymentTermLine,
    fields=("term", "position", "share", "days", "base", "month_end", "version"),
    writable=("term", "position", "share", "days", "base", "month_end"),
    create=True,
    update=True,
    delete=True,
    filters=("term",),
    order=("position",),
)
