"""Warehouses and locations: what every company starts with, and where to look for them."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.utils.translation import gettext as _
from tessera.api import Refused, service

from modules.base.api import Company, Item, open_demands
from modules.scm.stock.models import (
    OUTSIDE_KINDS,
    Location,
    LocationKind,
    Lot,
    StockPolicy,
    Warehouse,
)
from modules.scm.stock.services.demands import adopt_demands

INSIDE = (
    ("STOCK", "Stock", LocationKind.STORAGE),
    ("HOLD", "On hold", LocationKind.HOLD),
    ("SCRAP", "Scrap", LocationKind.SCRAP),
)
OUTSIDE = (
    ("SUPPLIERS", "Suppliers", LocationKind.SUPPLIER),
    ("CUSTOMERS", "Customers", LocationKind.CUSTOMER),
    ("PRODUCTION", "Production", LocationKind.PRODUCTION),
    ("LOSSES", "Gains and losses", LocationKind.LOSS),
    ("OPENING", "Opening", LocationKind.OPENING),
)


@service(permission="stock.warehouse_create")
def create_warehouse(*, company: Company, code: str, name: str) -> Warehouse:
    """Add a warehouse with the locations that it needs: stock, on hold, scrap."""
    warehouse = Warehouse(company=company, code=code, name=name)
    warehouse.save()
    Location.objects.bulk_create(
        Location(company=company, warehouse=warehouse, code=f"{code}/{suffix}", name=f"{name}: {title}", kind=kind)
        for suffix, title, kind in INSIDE
    )
    return warehouse


@service(permission="stock.location_create")
def create_location(
    *, warehouse: Warehouse, code: str, name: str, kind: LocationKind = LocationKind.STORAGE, allow_negative: bool = False
) -> Location:
    """Add a location to a warehouse. What it is stays: goods that change their meaning move.

    Where `allow_negative`, more may leave than is there, at a provisional cost until it comes.
    """
    if kind in OUTSIDE_KINDS:
        raise Refused("INVALID", _("Every company has this place outside already."), "kind")
    location = Location(
        company=warehouse.company, warehouse=warehouse, code=code, name=name, kind=kind, allow_negative=allow_negative
    )
    location.save()
    return location


@service(permission="stock.lot_create")
def create_lot(*, item: Item, code: str, expires_on: date | None = None, note: str = "") -> Lot:
    """Add a batch of an item, or a piece by its serial number."""
    if item.tracking == Item.Tracking.NONE:
        raise Refused("INVALID", _("{item} is not tracked.").format(item=item.name), "item")
    lot = Lot(item=item, code=code, expires_on=expires_on, note=note)
    lot.save()
    return lot


@service(permission="stock.policy_create")
def setup_company(*, company: Company) -> StockPolicy:
    """Give a company its first warehouse and the places outside; doing it again changes nothing."""
    found = StockPolicy.objects.filter(company=company).first()
    if found is not None:
        return found
    Location.objects.bulk_create(Location(company=company, code=code, name=name, kind=kind) for code, name, kind in OUTSIDE)
    Location(company=company, code="TRANSIT", name="In transit", kind=LocationKind.TRANSIT).save()
    policy = StockPolicy(company=company, default_warehouse=create_warehouse(company=company, code="MAIN", name="Main warehouse"))
    policy.save()
    return policy


def policy_of(company: Company) -> StockPolicy:
    """Return what a company decided about its stock; refuse a company that stock does not know."""
    found = StockPolicy.objects.select_related("default_warehouse").filter(company=company).first()
    if found is None:
        raise Refused("NOT_FOUND", _("Stock is not set up for this company."), "company")
    return found


def warehouse_of(company: Company, warehouse: Warehouse | None) -> Warehouse:
    """Return the given warehouse of the company, or its default one."""
    if warehouse is None:
        warehouse = policy_of(company).default_warehouse
    if warehouse is None:
        raise Refused("REQUIRED", _("This company has no default warehouse."), "warehouse")
    if warehouse.company_id != company.pk:
        raise Refused("INVALID", _("This warehouse belongs to another company."), "warehouse")
    return warehouse


def outside(company: UUID) -> dict[str, Location]:
    """Return the places outside a company, by kind."""
    return {place.kind: place for place in Location.objects.filter(company=company, kind__in=OUTSIDE_KINDS)}


def location_of(warehouse: Warehouse, kind: LocationKind) -> Location:
    """Return the first location of a kind in a warehouse."""
    found = Location.objects.filter(warehouse=warehouse, kind=kind, active=True).order_by("code").first()
    if found is None:
        message = _("{warehouse} has no location of the kind {kind}.").format(warehouse=warehouse.name, kind=kind.label)
        raise Refused("NOT_FOUND", message, "location")
    return found


def transit_of(company: UUID) -> Location:
    """Return the location that goods pass on their way between two others."""
    found = Location.objects.filter(company=company, kind=LocationKind.TRANSIT, warehouse=None).order_by("code").first()
    if found is None:
        raise Refused("NOT_FOUND", _("This company has no location in transit."), "company")
    return found


def check_own(location: Location, company: Company, *field: str) -> Location:
    """Refuse a location that is not of this company, or that lies outside of it."""
    if location.company_id != company.pk or not location.is_own or not location.active:
        raise Refused("INVALID", _("Goods of this company do not lie there."), *field)
    return location


def check_lot(item: Item, lot: Lot | None, *field: str) -> Lot | None:
    """Refuse a lot of another item, and a tracked item without one."""
    if lot is None and item.tracking != Item.Tracking.NONE:
        raise Refused("REQUIRED", _("{item} is tracked: name the lot.").format(item=item.name), *field)
    if lot is not None and (lot.item_id != item.pk or item.tracking == Item.Tracking.NONE):
        raise Refused("INVALID", _("This lot is not of {item}.").format(item=item.name), *field)
    return lot


def check_goods(items: Iterable[tuple[Item, tuple[str, ...]]]) -> None:
    """Refuse what cannot lie in stock."""
    for item, field in items:
        if item.kind != Item.Kind.GOODS:
            raise Refused("INVALID", _("{item} is a service; only goods are kept.").format(item=item.name), *field)


@service()
def setup_tenant() -> None:
    """Set up stock for every company that is there, and adopt the open demands of documents confirmed before.

    What is adopted is reserved as far as stock is there; a company just set up has none yet, so its
    lines wait as backorders and are served when opening stock or a receipt arrives. Where nobody can
    say what is open, what stock knew before stays as it is.
    """
    for company in Company.objects.order_by("code"):
        setup_company(company=company)
        if open_demands.is_answered:
            adopt_demands(company, open_demands(company=company.pk))
