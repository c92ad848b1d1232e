"""Parties and what belongs to them."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from tessera.api import Action, Children, Form, List, Report, Resource, RowScope, visible_rows

from modules.base import models, services

# What belongs to a party is seen by whoever sees the party.
OF_PARTY = RowScope(owner="party__owner", unit="party__org_unit", shared=RowScope(company="party__roles__company"))

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
        Form(((_("Party"), ("kind", "code", "name", "legal_name", "employer", "language")), (_("Notes"), ("note",)))),
    ),
    scope=RowScope(owner="owner", unit="org_unit", shared=RowScope(company="roles__company")),
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
    scope=RowScope(owner="party__owner", unit="party__org_unit", company="company"),
    field_rights={"credit_limit": "base.credit_limit_view"},
    currencies={"credit_limit": "currency"},
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
    scope=OF_PARTY,
)
Resource(
    model=models.ContactPoint,
    fields=("party", "kind", "value", "normalised", "version"),
    create=services.add_contact_point,
    delete=True,
    filters=("party", "kind", "value", "normalised"),
    order=("value",),
    scope=OF_PARTY,
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
    scope=OF_PARTY,
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
    scope=OF_PARTY,
    field_rights={"number": "base.bank_account_number_view"},
)


@dataclass(frozen=True)
class PossibleDuplicate:
    """A party that looks like the one described, and by what."""

    party: models.Party
    reason: str


def party_duplicates(*, name: str = "", email: str = "", phone: str = "", tax_number: str = "") -> list[PossibleDuplicate]:
    """Warn of parties that look like the described one: by tax number, e-mail, phone, then name."""
    found = services.find_duplicates(name=name, email=email, phone=phone, tax_number=tax_number, among=visible_rows(models.Party))
    return [PossibleDuplicate(party=duplicate.party, reason=duplicate.reason) for duplicate in found]


Report(name="party_duplicates", selector=party_duplicates, permission="base.party_create")
