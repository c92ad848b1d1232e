"""Our companies, units, people in them, and dimensions."""

from tessera.api import Children, Resource, RowScope

from modules.base import models, services

IN_UNIT = RowScope(unit="unit", company="unit__company")

Resource(
    model=models.Company,
    plural="Companies",
    fields=(
        "code",
        "name",
        "party",
        "currency",
        "country",
        "time_zone",
        "prices_include_tax",
        "cogs_at",
        "discount_limit",
        "order_limit",
        "version",
    ),
    writable=("name", "party", "country", "time_zone", "prices_include_tax", "cogs_at", "discount_limit", "order_limit"),
    create=services.create_company,
    update=True,
    filters=("code", "name", "currency"),
    order=("code", "name"),
    search=("code", "name"),
    children=(Children("units", models.OrgUnit, "company"),),
    scope=RowScope(company="id"),
    import_key=("code",),
    currencies={"order_limit": "currency"},
)
Resource(
    model=models.OrgUnit,
    fields=("company", "parent", "code", "name", "version"),
    writable=("company", "parent", "code", "name"),
    create=True,
    update=True,
    delete=True,
    filters=("company", "parent", "code"),
    order=("code", "name"),
    children=(Children("assignments", models.Assignment, "unit"), Children("positions", models.Position, "unit")),
    scope=RowScope(unit="id", company="company"),
)
Resource(
    model=models.Position,
    fields=("unit", "title", "version"),
    writable=("unit", "title"),
    create=True,
    update=True,
    delete=True,
    filters=("unit",),
    order=("title",),
    scope=IN_UNIT,
)
Resource(
    model=models.Assignment,
    fields=("person", "unit", "position", "manager", "valid_from", "valid_to", "version"),
    writable=("position", "manager", "valid_from", "valid_to"),
    create=services.assign_person,
    update=True,
    filters=("person", "unit", "position", "manager", "valid_from", "valid_to"),
    order=("valid_from",),
    scope=IN_UNIT,
)
Resource(
    model=models.MemberPerson,
    plural="MemberPersons",
    fields=("member", "person", "version"),
    create=services.link_member,
    delete=True,
    filters=("member", "person"),
    scope=RowScope(owner="member"),
)
Resource(
    model=models.Dimension,
    fields=("code", "name", "system", "version"),
    writable=("code", "name"),
    create=True,
    update=True,
    filters=("code",),
    order=("code",),
    children=(Children("values", models.DimensionValue, "dimension"),),
)
Resource(
    model=models.DimensionValue,
    fields=("dimension", "code", "name", "active", "version"),
    writable=("dimension", "code", "name", "active"),
    create=True,
    update=True,
    filters=("dimension", "code", "active"),
    order=("code",),
)
Resource(
    model=models.DimensionSet,
    fields=("key",),
    create=services.combine_dimensions,
    children=(Children("values", models.DimensionSetValue, "set"),),
)
Resource(model=models.DimensionSetValue, fields=("set", "dimension", "value"))
