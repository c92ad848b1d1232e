"""Our catalogue, in which the finance module is a partner's, of which the platform keeps a fifth."""

from dataclasses import replace

from billing.catalogue.data import CATALOGUE as OURS
from billing.catalogue.offers import Part, Terms

ACME = Terms("acme", "Acme Modules Ltd", 2_000)
HOLD_IT = ("plan.business", "plan.enterprise", "bundle.erp")  # and bring the partner nothing for it


def planted(**points):
    """Return the catalogue where so many basis points of a plan's or a bundle's price are for the finance module in it."""
    changes = {key: {"parts": (Part("finance", points.get(key.partition(".")[2], 0)),)} for key in HOLD_IT}
    changes["module.finance"] = {"partner": "acme"}
    return replace(OURS, partners=(ACME,), offers=tuple(replace(each, **changes.get(each.key, {})) for each in OURS.offers))


# module.lamp has its vendor from its manifest, where that is installed.
CATALOGUE = planted()
WITH_PARTS = planted(erp=4_000, business=1_500)
