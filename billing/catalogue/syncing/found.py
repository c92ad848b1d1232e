"""What Stripe has of the catalogue. Things made by hand there carry no key of ours and are not looked at."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stripe import Price, Product, StripeClient
from stripe.billing import Meter
from stripe.entitlements import Feature

from billing.catalogue.offers import Catalogue, Offer

KEY = "tessera"  # the metadata that names our product, on products and on prices
PAGE = 100


class SyncRefused(Exception):
    """Stripe has something that the catalogue cannot be brought to."""


@dataclass(frozen=True)
class Found:
    """What Stripe has, by our keys.

    `attached` is product -> lookup key of a feature -> id of the attachment. Of features and meters of one name it is the
    active one.
    """

    products: Mapping[str, Product]
    attached: Mapping[str, Mapping[str, str]]
    prices: tuple[Price, ...]
    features: Mapping[str, Feature]
    meters: Mapping[str, Meter]

    def ids(self) -> dict[str, str]:
        """Return the ids of what there is, by names such as `product plan.business`."""
        kinds: dict[str, Mapping[str, Any]] = {"product": self.products, "feature": self.features, "meter": self.meters}
        return {f"{kind} {key}": thing.id for kind, things in kinds.items() for key, thing in things.items()}


def marks(catalogue: Catalogue, offer: Offer) -> dict[str, Any]:
    """Return the metadata of a product or price: which it is, and the catalogue's version when it became what it is."""
    return {"metadata": {KEY: offer.key, "catalogue": str(catalogue.version)}}


def read_stripe(client: StripeClient) -> Found:
    """Read all that the catalogue has in Stripe, archived or not. Raise SyncRefused where a key is there twice."""
    v1 = client.v1
    products = _products(client)
    return Found(
        products=products,
        attached={key: _attached(client, product) for key, product in products.items()},
        prices=tuple(price for price in _all(v1.prices.list) if KEY in price.metadata or price.lookup_key),
        features={feature.lookup_key: feature for archived in (True, False) for feature in _features(client, archived)},
        meters={meter.event_name: meter for meter in sorted(_all(v1.billing.meters.list), key=_is_active)},
    )


def _all(list_them: Callable[..., Any], *path: str, **asked: Any) -> Iterable[Any]:
    return list_them(*path, {"limit": PAGE, **asked}).auto_paging_iter()


def _products(client: StripeClient) -> dict[str, Product]:
    found: dict[str, Product] = {}
    for product in (product for product in _all(client.v1.products.list) if KEY in product.metadata):
        if (key := product.metadata[KEY]) in found:
            raise SyncRefused(f"Stripe has two products {key}: {found[key].id} and {product.id}; take the key away from one")
        found[key] = product
    return found


def _features(client: StripeClient, archived: bool) -> Iterable[Feature]:
    return _all(client.v1.entitlements.features.list, archived=archived)


def _is_active(meter: Meter) -> bool:
    return meter.status == "active"


def _attached(client: StripeClient, product: Product) -> dict[str, str]:
    return {each.entitlement_feature.lookup_key: each.id for each in _all(client.v1.products.features.list, product.id)}
