"""What can be imported into base."""

from tessera.api import Importer

from modules.base.services import imports

Importer("item_categories", row=imports.CategoryRow, service=imports.import_category, permission="base.item_category_create")
Importer("parties", row=imports.PartyRow, service=imports.import_party, permission="base.party_create")
Importer("items", row=imports.ItemRow, service=imports.import_item, permission="base.item_create")
