"""Items, their units and categories."""

from tessera.api import Children, List, Resource

from modules.base import models, services

ITEM = (
    "code",
    "name",
    "kind",
    "category",
    "unit",
    "tracking",
    "cost_method",
    "list_price",
    "list_price_currency",
    "tax_category",
    "supplier",
    "description",
    "active",
    "origin",
    "external_id",
)

Resource(
    model=models.Unit,
    fields=("code", "name", "decimals", "version"),
    writable=("code", "name", "decimals"),
    create=True,
    update=True,
    filters=("code", "name"),
    order=("code",),
    search=("code", "name"),
    import_key=("code",),
)
Resource(
    model=models.UnitConversion,
    fields=("item", "source", "target", "numerator", "denominator", "version"),
    create=services.add_conversion,
    delete=True,
    filters=("item", "source", "target"),
)
Resource(
    model=models.ItemCategory,
    plural="ItemCategories",
    fields=("code", "name", "parent", "note", "version"),
    writable=("code", "name", "parent", "note"),
    create=True,
    update=True,
    delete=True,
    filters=("code", "name", "parent"),
    order=("code", "name"),
    search=("code", "name"),
    children=(Children("items", models.Item, "category"),),
    import_key=("code",),
)
Resource(
    model=models.Item,
    fields=(*ITEM, "version", "created_at", "updated_at"),
    writable=ITEM,
    create=True,
    update=True,
    filters=("code", "name", "kind", "category", "supplier", "active", "list_price", "external_id"),
    order=("name", "code", "list_price"),
    search=("name", "code", "description"),
    children=(Children("conversions", models.UnitConversion, "item"),),
    views=(List(("code", "name", "category", "unit", "list_price", "active")),),
    import_key=("code",),
    currencies={"list_price": "list_price_currency"},
)
