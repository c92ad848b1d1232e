"""What base can do."""

from modules.base.services.merging import merge_party
from modules.base.services.money import Instalment, QuotedRate, instalments, rate_on
from modules.base.services.organisation import (
    assign_person,
    combine_dimensions,
    create_company,
    dimension_set_of,
    ensure_currency,
    link_member,
    manager_of_member,
    reach_of_member,
    unit_of_member,
    units_of,
)
from modules.base.services.parties import (
    AddressInput,
    ContactPointInput,
    Duplicate,
    PartyRoleInput,
    Snapshots,
    add_contact_point,
    create_party,
    find_duplicates,
    lock_credit_account,
    one_with,
    role_of,
    roles_of,
    snapshot_of,
    standing_for,
)
from modules.base.services.seeds import seed_base
from modules.base.services.taxes import AppliedTax, TaxRules, apply_taxes, choose_taxes
from modules.base.services.totals import TaxAmount, price_document
from modules.base.services.units import Conversions, add_conversion

__all__ = [name for name in dir() if not name.startswith("_")]
