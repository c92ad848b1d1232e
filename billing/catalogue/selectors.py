"""The catalogue in force: what is declared, with the modules that partners sell, closed under what modules depend on."""

from dataclasses import replace
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string
from tessera.module import Module, ModulePrice, closure, modules

from billing.catalogue.offers import Catalogue, Grant, Interval, Kind, Offer, Price, Terms
from billing.catalogue.rules import problems_of

MONTHS_OF_A_YEAR = 10  # what a partner's module costs for a year, where its manifest does not say


def catalogue() -> Catalogue:
    """Return the catalogue in force, the same object until settings or modules change.

    Raises ImproperlyConfigured with everything that is wrong with it.
    """
    return _completed(settings.TESSERA_CATALOGUE, tuple(modules().values()))


def what_gives(product_key: str) -> Grant:
    """Return what one unit of a product gives. Raise LookupError for a product that was never in the catalogue."""
    return catalogue().what_gives(product_key)


def price_of(lookup_key: str) -> Price:
    """Return a price. Raise LookupError for a lookup key that the catalogue does not have."""
    return catalogue().price_of(lookup_key)


def declared() -> Catalogue:
    """Return the catalogue as it is written, with an offer for each module whose manifest states a price; nothing is checked."""
    written: Catalogue = import_string(settings.TESSERA_CATALOGUE)
    sold = tuple(_offer_of(module) for module in modules().values() if module.price)
    titled = (replace(offer, title=offer.title or _title_of(offer.name)) for offer in written.offers)
    return replace(written, offers=(*titled, *sold), partners=(*written.partners, *_strangers(written)))


def _strangers(written: Catalogue) -> tuple[Terms, ...]:
    """Return terms for those who made a module that is sold and are not in the catalogue; outside of development, none."""
    if (share := settings.TESSERA_SHARE_OF_STRANGERS) is None:
        return ()
    unknown = {module.vendor for module in modules().values() if module.price and module.vendor} - written.terms.keys()
    return tuple(Terms(vendor, vendor.title(), share) for vendor in sorted(unknown))


@lru_cache(maxsize=1)
def _completed(_path: str, installed: tuple[Module, ...]) -> Catalogue:
    found = declared()
    if problems := problems_of(found, modules()):
        raise ImproperlyConfigured("; ".join(problem.says for problem in problems))
    offers = tuple(replace(offer, gives=_closed(offer.gives)) for offer in found.offers)
    everything = frozenset(module.label for module in installed)
    paid = frozenset().union(*(offer.gives.modules for offer in offers))
    return replace(found, offers=offers, trial=replace(found.trial, modules=everything), free=everything - paid)


def _closed(grant: Grant) -> Grant:
    return replace(grant, modules=closure(grant.modules)) if grant.modules else grant


def _title_of(name: str) -> str:
    return modules()[name].title if name in modules() else name


def _offer_of(module: Module) -> Offer:
    product = f"{Kind.MODULE}.{module.label}"
    prices = tuple(price for stated in module.price for price in _prices_of(product, stated))
    return Offer(Kind.MODULE, module.label, module.title, prices, Grant(frozenset({module.label})), partner=module.vendor)


def _prices_of(product: str, stated: ModulePrice) -> tuple[Price, Price]:
    year = stated.month * MONTHS_OF_A_YEAR if stated.year is None else stated.year
    return (
        Price(product, Interval.MONTH, stated.currency, stated.month),
        Price(product, Interval.YEAR, stated.currency, year),
    )
