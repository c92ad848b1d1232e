"""Our catalogue, in which the finance module is a partner's, of which the platform keeps a fifth."""

from dataclasses import replace

from billing.catalogue.data import CATALOGUE as OURS
from billing.catalogue.offers import Terms

ACME = Terms("acme", "Acme Modules Ltd", 2_000)
# module.lamp has its vendor from its manifest, where that is installed.
CATALOGUE = replace(
    OURS,
    partners=(ACME,),
    offers=tuple(replace(offer, partner="acme") if offer.key == "module.finance" else offer for offer in OURS.offers),
)
