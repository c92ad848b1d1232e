"""What base shows of its masters."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from tessera.api import Action, Children, Form, Importer, List, Report, Resource, RowScope

from modules.base import models, services
from modules.base.services import imports

Resource(
    model=models.Party,
    plural="Parties",
    fields=(
        "kind",
        "code",
        "name",
        "legal_name",
        "language",
        "owner",
        "org_unit",
        "employer",
        "merged_into",
        "note",
        "origin",
        "external_id",
        "version",
        "created_at",
        "updated_at",
    ),
    writable=("kind", "code", "name", "legal_name", "language", "owner", "org_unit", "employer", "note"),
    create=services.create_party,
    update=True,
    filters=("kind", "code", "name", "owner", "org_unit", "employer", "merged_into", "external_id", "created_at"),
    order=("name", "code", "created_at"),
    search=("name", "legal_name", "code"),
    children=(
        Children("addresses", models.Address, "party"),
        Children("contact_points", models.ContactPoint, "party"),
        Children("roles", models.PartyRole, "party"),
        Children("tax_registrations", models.TaxRegistration, "party"),
        Children("bank_accounts", models.BankAccount, "party"),
        Children("contacts", models.Party, "employer"),
    ),
    actions=(Action("merge", services.merge_party, title=_("Merge")),),
    views=(
        List(("code", "name", "kind", "owner")),
        Form(((_("Party"), ("kind", "code", "name", "legal_name", "employer", "language")), (_("Note"), ("note",)))),
    ),
    scope=RowScope(owner="owner", unit="org_unit"),
    import_key=("code",),
)
Resource(
    model=models.PartyRole,
    fields=(
        "party",
        "company",
        "role",
        "payment_term",
        "currency",
        "tax_status",
        "credit_limit",
        "account_group",
        "blocked",
        "version",
    ),
    writable=("party", "company", "role", "payment_term", "currency", "tax_status", "credit_limit", "account_group", "blocked"),
    create=True,
    update=True,
    delete=True,
    filters=("party", "company", "role", "blocked", "credit_limit"),
    order=("role",),
    scope=RowScope(company="company"),
    field_rights={"credit_limit": "base.credit_limit_view"},
)
Resource(
    model=models.Address,
    plural="Addresses",
    fields=("party", "kind", "recipient", "street", "city", "region", "postal_code", "country", "version"),
    writable=("party", "kind", "recipient", "street", "city", "region", "postal_code", "country"),
    create=True,
    update=True,
    delete=True,
    filters=("party", "kind", "city", "country"),
    order=("city",),
)
Resource(
    model=models.ContactPoint,
    fields=("party", "kind", "value", "normalised", "version"),
    create=services.add_contact_point,
    delete=True,
    filters=("party", "kind", "value", "normalised"),
    order=("value",),
)
Resource(
    model=models.TaxRegistration,
    fields=("party", "country", "number", "version"),
    writable=("party", "country", "number"),
    create=True,
    update=True,
    delete=True,
    filters=("party", "country", "number"),
    order=("number",),
)
Resource(
    model=models.BankAccount,
    fields=("party", "bank", "number", "currency", "version"),
    writable=("party", "bank", "number", "currency"),
    create=True,
    update=True,
    delete=True,
    filters=("party",),
    order=("bank",),
    field_rights={"number": "base.bank_account_number_view"},
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
    fields=(
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
        "version",
        "created_at",
        "updated_at",
    ),
    writable=(
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
    ),
    create=True,
    update=True,
    filters=("code", "name", "kind", "category", "supplier", "active", "list_price", "external_id"),
    order=("name", "code", "list_price"),
    search=("name", "code", "description"),
    children=(Children("conversions", models.UnitConversion, "item"),),
    views=(List(("code", "name", "category", "unit", "list_price", "active")),),
    import_key=("code",),
)
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
    scope=RowScope(company="company"),
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
)
Resource(
    model=models.Assignment,
    fields=("person", "unit", "position", "manager", "valid_from", "valid_to", "version"),
    writable=("position", "manager", "valid_from", "valid_to"),
    create=services.assign_person,
    update=True,
    filters=("person", "unit", "manager", "valid_from", "valid_to"),
    order=("valid_from",),
)
Resource(
    model=models.MemberPerson,
    plural="MemberPersons",
    fields=("member", "person", "version"),
    create=services.link_member,
    delete=True,
    filters=("member", "person"),
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
    children=(Children("values", models.DimensionSetValue, "set"),),
)
Resource(model=models.DimensionSetValue, fields=("set", "dimension", "value"))
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


@dataclass(frozen=True)
class PossibleDuplicate:
    """A party that looks like the one described, and by what."""

    party: models.Party
    reason: str


def party_duplicates(*, name: str = "", email: str = "", phone: str = "", tax_number: str = "") -> list[PossibleDuplicate]:
    """Warn of parties that look like the described one: by tax number, e-mail, phone, then name."""
    found = services.find_duplicates(name=name, email=email, phone=phone, tax_number=tax_number)
    return [PossibleDuplicate(party=duplicate.party, reason=duplicate.reason) for duplicate in found]


Importer("item_categories", row=imports.CategoryRow, service=imports.import_category, permission="base.item_category_create")
Importer("parties", row=imports.PartyRow, service=imports.import_party, permission="base.party_create")
Importer("items", row=imports.ItemRow, service=imports.import_item, permission="base.item_create")
Report(name="party_duplicates", selector=party_duplicates, permission="base.party_create")
