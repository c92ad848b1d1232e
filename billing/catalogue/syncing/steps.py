"""The steps that lead from what Stripe has to the catalogue; where nothing differs there is none."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import override
from tessera.module import modules

from billing.catalogue.offers import Catalogue, Kind, Offer
from billing.catalogue.syncing.found import Found, SyncRefused, marks
from billing.catalogue.syncing.prices import price_steps
from billing.catalogue.syncing.writer import Id, Step

LANGUAGE = "en"  # of the names in Stripe
AGGREGATION = "sum"


def plan(catalogue: Catalogue, found: Found) -> list[Step]:
    """Return the steps in an order in which each finds what it needs. Raise SyncRefused where none would lead there."""
    with override(LANGUAGE):
        return [
            *_meters(catalogue, found),
            *_features(catalogue, found),
            *_products(catalogue, found),
            *_attachments(catalogue, found),
            *price_steps(catalogue, found),
            *_leftovers(catalogue, found),
        ]


def feature_key(label: str) -> str:
    """Return the lookup key of the feature that stands for a module."""
    return f"module.{label}"


def _meters(catalogue: Catalogue, found: Found) -> Iterator[Step]:
    for offer in catalogue.offers:
        if offer.meter is None:
            continue
        event, title = offer.meter.event_name, str(offer.title)
        there = found.meters.get(event)
        if there is None:
            params = {
                "display_name": title,
                "event_name": event,
                "default_aggregation": {"formula": AGGREGATION},
                "customer_mapping": {"type": "by_id", "event_payload_key": "stripe_customer_id"},
                "value_settings": {"event_payload_key": "value"},
            }
            yield Step(f"create the meter {event}", "billing.meters.create", params, makes=f"meter {event}")
            continue
        if (formula := there.default_aggregation.formula) != AGGREGATION:
            raise SyncRefused(f"the meter {event} takes the {formula} of its events, which Stripe cannot change")
        if there.status != "active":
            yield Step(f"reactivate the meter {event}", "billing.meters.reactivate", path=(there.id,))
        if there.display_name != title:
            yield Step(f"rename the meter {event}", "billing.meters.update", {"display_name": title}, (there.id,))


def _features(catalogue: Catalogue, found: Found) -> Iterator[Step]:
    """Keep a feature for each module that an offer gives."""
    known = modules()
    for label in (label for label in known if any(label in offer.gives.modules for offer in catalogue.offers)):
        key, title = feature_key(label), str(known[label].title)
        there = found.features.get(key)
        if there is None:
            params = {"name": title, "lookup_key": key}
            yield Step(f"create the feature {key}", "entitlements.features.create", params, makes=f"feature {key}")
        elif (there.name, there.active) != (title, True):
            changes = {"name": title, "active": True}
            yield Step(f"update the feature {key}", "entitlements.features.update", changes, (there.id,))


def _products(catalogue: Catalogue, found: Found) -> Iterator[Step]:
    """Keep a product for each offer that is sold, or that somebody may still have; the latter is archived at the end."""
    for offer in catalogue.offers:
        there = found.products.get(offer.key)
        wanted = _product(offer)
        if there is not None:
            wanted = {name: value for name, value in wanted.items() if (getattr(there, name, None) or "") != value}
            if offer.sold and not there.active:
                wanted["active"] = True
            if wanted:
                says = f"update the product {offer.key}: {', '.join(sorted(wanted))}"
                yield Step(says, "products.update", wanted | marks(catalogue, offer), (there.id,))
        elif offer.sold:
            params = {name: value for name, value in wanted.items() if value} | marks(catalogue, offer)
            yield Step(f"create the product {offer.key}", "products.create", params, makes=f"product {offer.key}")


def _product(offer: Offer) -> dict[str, Any]:
    unit = "seat" if offer.kind == Kind.SEAT else ""
    return {"name": str(offer.title), "description": str(offer.about), "unit_label": unit}


def _attachments(catalogue: Catalogue, found: Found) -> Iterator[Step]:
    """Hang on each product the features of the modules that it gives, and no others of ours."""
    for offer in catalogue.offers:
        if not offer.sold and offer.key not in found.products:
            continue
        wanted = {feature_key(label) for label in offer.gives.modules}
        there = found.attached.get(offer.key, {})
        product = Id(f"product {offer.key}")
        for key in sorted(wanted - there.keys()):
            params = {"entitlement_feature": Id(f"feature {key}")}
            yield Step(f"attach the feature {key} to {offer.key}", "products.features.create", params, (product,))
        for key in sorted(key for key in there.keys() - wanted if key.startswith(feature_key(""))):
            yield Step(f"detach the feature {key} from {offer.key}", "products.features.delete", path=(product, there[key]))


def _leftovers(catalogue: Catalogue, found: Found) -> Iterator[Step]:
    """Archive the products of what is not sold any more, and of what the catalogue does not know."""
    sold = {offer.key for offer in catalogue.offers if offer.sold}
    for key in sorted(found.products.keys() - sold):
        if found.products[key].active:
            why = (
                "not sold any more"
                if key in catalogue.by_key
                else "unknown to the catalogue: what it gives to those who have it?"
            )
            yield Step(f"archive the product {key}, {why}", "products.update", {"active": False}, (found.products[key].id,))
