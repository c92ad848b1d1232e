"""Taxes, their rates and rules."""

from tessera.api import Children, Resource

from modules.base import models

Resource(
    model=models.Tax,
    plural="Taxes",
    fields=("code", "name", "side", "rounding", "recoverable", "active", "version"),
    writable=("code", "name", "side", "rounding", "recoverable", "active"),
    create=True,
    update=True,
    filters=("code", "side", "active"),
    order=("code",),
    children=(Children("rates", models.TaxRate, "tax"),),
)
Resource(
    model=models.TaxRate,
    fields=("tax", "valid_from", "rate", "tax_point", "version"),
    writable=("tax", "valid_from", "rate", "tax_point"),
    create=True,
    update=True,
    delete=True,
    filters=("tax", "valid_from"),
    order=("valid_from",),
)
Resource(
    model=models.TaxRule,
    fields=("side", "country", "tax_status", "tax_category", "tax", "version"),
    writable=("side", "country", "tax_status", "tax_category", "tax"),
    create=True,
    update=True,
    delete=True,
    filters=("side", "country", "tax"),
)
