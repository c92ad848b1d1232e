"""The prices at Stripe that the catalogue's are: what costs otherwise there than it says here is not sold."""

import logging
from collections.abc import Iterable

from django.utils.translation import gettext as _
from tessera.errors import Refused

from billing.catalogue.offers import Price
from billing.catalogue.selectors import price_of
from billing.gateway.pricing import SeenPrice, read_prices
from billing.services.wanted import Line

_log = logging.getLogger(__name__)


def priced(lines: Iterable[Line]) -> dict[str, SeenPrice]:
    """Return the prices of some lines by their lookup keys.

    Refused with UNAVAILABLE where Stripe has not the price that the catalogue says, as between a release and its sync.
    """
    keys = [line.lookup_key for line in lines]
    found = read_prices(keys)
    wrong = [key for key in keys if key not in found or not _is_ours(found[key], price_of(key))]
    if wrong:
        _log.error("Stripe does not sell at the catalogue's price, run `manage.py billing sync`: %s", ", ".join(wrong))
        raise Refused("UNAVAILABLE", _("This cannot be bought just now. Please try again later."))
    return found


def _is_ours(seen: SeenPrice, price: Price) -> bool:
    return (seen.amount, seen.interval, seen.interval_count) == (price.amount, price.interval, 1)
