"""Meters: what was used, told event by event, each identifier once."""

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from billing.local_stripe import forms
from billing.local_stripe.clock import DAY, HOUR
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import changing, emit
from billing.local_stripe.rendering import view_of
from billing.local_stripe.routing import page, route
from billing.local_stripe.store import Row, new_id

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

OLDEST = 35 * DAY  # an event older than this is refused
LATEST = 300  # and one further in the future


@route("POST", "/v1/billing/meters")
def create_meter(local: "Local", form: forms.Form) -> Row:
    shape = {
        "customer_mapping": forms.nested({"event_payload_key": forms.text, "type": forms.choice("by_id")}),
        "default_aggregation": forms.nested({"formula": forms.choice("count", "last", "sum")}, required=("formula",)),
        "display_name": forms.text,
        "event_name": forms.text,
        "event_time_window": forms.choice("day", "hour"),
        "value_settings": forms.nested({"event_payload_key": forms.text}),
    }
    asked = forms.read(form, shape, required=("default_aggregation", "display_name", "event_name"))
    if any(local.store.of("billing.meter", event_name=asked["event_name"], status="active")):
        raise StripeError(f"An active meter already has the event name {asked['event_name']}.", param="event_name")
    row = local.store.add(
        {
            "object": "billing.meter",
            "created": local.now(),
            "customer_mapping": {
                "event_payload_key": "stripe_customer_id",
                "type": "by_id",
                **(asked.get("customer_mapping") or {}),
            },
            "default_aggregation": asked["default_aggregation"],
            "display_name": asked["display_name"],
            "event_name": asked["event_name"],
            "event_time_window": asked.get("event_time_window"),
            "livemode": False,
            "status": "active",
            "status_transitions": {"deactivated_at": None},
            "updated": local.now(),
            "value_settings": {"event_payload_key": "value", **(asked.get("value_settings") or {})},
        }
    )
    emit(local, "billing.meter.created", row)
    return row


@route("POST", "/v1/billing/meters/{}")
def update_meter(local: "Local", form: forms.Form, key: str) -> Row:
    row = local.store.get("billing.meter", key)
    asked = forms.read(form, {"display_name": forms.text})
    with changing(local, "billing.meter.updated", row):
        row.update(asked)
    return row


def _switch(local: "Local", form: forms.Form, key: str, status: str) -> Row:
    forms.read(form, {})
    row = local.store.get("billing.meter", key)
    row["status"] = status
    row["status_transitions"]["deactivated_at"] = local.now() if status == "inactive" else None
    emit(local, "billing.meter.deactivated" if status == "inactive" else "billing.meter.reactivated", row)
    return row


@route("POST", "/v1/billing/meters/{}/deactivate")
def deactivate_meter(local: "Local", form: forms.Form, key: str) -> Row:
    return _switch(local, form, key, "inactive")


@route("POST", "/v1/billing/meters/{}/reactivate")
def reactivate_meter(local: "Local", form: forms.Form, key: str) -> Row:
    return _switch(local, form, key, "active")


@route("GET", "/v1/billing/meters/{}")
def retrieve_meter(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("billing.meter", key)


@route("GET", "/v1/billing/meters")
def list_meters(local: "Local", form: forms.Form) -> Row:
    return page(
        local, local.store.of("billing.meter"), form, "/v1/billing/meters", {"status": forms.choice("active", "inactive")}
    )


@route("POST", "/v1/billing/meter_events")
def create_meter_event(local: "Local", form: forms.Form) -> Row:
    """Take an event; an identifier that was there within a day is refused, so nothing counts twice."""
    shape = {"event_name": forms.text, "identifier": forms.text, "payload": forms.strings, "timestamp": forms.count}
    asked = forms.read(form, shape, required=("event_name", "payload"))
    meter = next(local.store.of("billing.meter", event_name=asked["event_name"], status="active"), None)
    if meter is None:
        raise StripeError(f"No active meter found for event name {asked['event_name']}.", code="no_meter", param="event_name")
    customer = asked["payload"].get(meter["customer_mapping"]["event_payload_key"], "")
    row = local.store.get("customer", customer, f"payload[{meter['customer_mapping']['event_payload_key']}]")
    now = local.now(row)
    at = asked.get("timestamp", now)
    if not now - OLDEST <= at <= now + LATEST:
        raise StripeError(
            "The timestamp must be within the past 35 days and up to 5 minutes in the future.",
            code="timestamp_too_far_in_past",
            param="timestamp",
        )
    value = asked["payload"].get(meter["value_settings"]["event_payload_key"])
    if value is None and meter["default_aggregation"]["formula"] != "count":
        raise StripeError("The payload has no value.", code="meter_event_no_value", param="payload")
    forms.decimal(value or "1", "payload[value]")
    identifier = asked.get("identifier") or new_id("billing.meter_event")
    if identifier in local.store.kinds.get("billing.meter_event", {}):
        raise StripeError(
            f"An event already exists with identifier {identifier}.", code="resource_already_exists", param="identifier"
        )
    return local.store.add(
        {
            "id": identifier,
            "object": "billing.meter_event",
            "created": now,
            "event_name": asked["event_name"],
            "identifier": identifier,
            "livemode": False,
            "payload": asked["payload"],
            "timestamp": at,
            "_meter": meter["id"],
            "_customer": customer,
            "_value": value or "1",
            "_canceled": False,
        }
    )


@route("POST", "/v1/billing/meter_event_adjustments")
def create_adjustment(local: "Local", form: forms.Form) -> Row:
    """Take an event of the past day back."""
    cancel = forms.nested({"identifier": forms.text}, required=("identifier",))
    shape = {"cancel": cancel, "event_name": forms.text, "type": forms.choice("cancel")}
    asked = forms.read(form, shape, required=("cancel", "event_name", "type"))
    identifier = asked["cancel"]["identifier"]
    event = local.store.kinds.get("billing.meter_event", {}).get(identifier)
    if (
        event is None
        or event["event_name"] != asked["event_name"]
        or event["created"] < local.now({"customer": event["_customer"]}) - DAY
    ):
        raise StripeError(f"No event of the past day has the identifier {identifier}.", param="cancel[identifier]")
    event["_canceled"] = True
    return {"object": "billing.meter_event_adjustment", "livemode": False, "status": "complete", **asked}


@view_of("billing.meter_event")
def show_meter_event(local: "Local", row: Row, public: Row) -> None:
    del public["id"]  # it has none but its identifier


def usage(local: "Local", meter: str, customer: str, start: int, end: int) -> Decimal:
    """Return what a customer used from a moment until before another, by the meter's own formula."""
    values = [Decimal(event["_value"]) for event in _events(local, meter, customer) if start <= event["timestamp"] < end]
    formula = local.store.kinds["billing.meter"][meter]["default_aggregation"]["formula"]
    if formula == "count":
        return Decimal(len(values))
    return (values[-1] if values else Decimal(0)) if formula == "last" else sum(values, Decimal(0))


def _events(local: "Local", meter: str, customer: str) -> list[Row]:
    found = local.store.of("billing.meter_event", _meter=meter, _customer=customer, _canceled=False)
    return sorted(found, key=lambda event: event["timestamp"])


@route("GET", "/v1/billing/meters/{}/event_summaries")
def list_summaries(local: "Local", form: forms.Form, key: str) -> Row:
    local.store.get("billing.meter", key)
    shape = {
        "customer": forms.text,
        "end_time": forms.count,
        "start_time": forms.count,
        "value_grouping_window": forms.choice("day", "hour"),
        "limit": forms.integer,
        "starting_after": forms.text,
        "ending_before": forms.text,
    }
    asked = forms.read(form, shape, required=("customer", "end_time", "start_time"))
    step = {"day": DAY, "hour": HOUR, None: 60}[asked.get("value_grouping_window")]
    for name in ("start_time", "end_time"):
        if asked[name] % step:
            raise StripeError(f"{name} must align with the grouping window.", param=name)
    paging = {name: form[name] for name in ("limit", "starting_after", "ending_before") if name in form}
    return page(local, list(_summaries(local, key, asked)), paging, f"/v1/billing/meters/{key}/event_summaries")


def _summaries(local: "Local", meter: str, asked: forms.Form) -> Iterator[Row]:
    start, end = asked["start_time"], asked["end_time"]
    step = {"day": DAY, "hour": HOUR}.get(asked.get("value_grouping_window", ""), end - start)
    for begin in range(start, end, step or 1):
        value = usage(local, meter, asked["customer"], begin, begin + step)
        yield {
            "id": f"mtrusg_{meter.removeprefix('mtr_')}_{begin}",
            "object": "billing.meter_event_summary",
            "aggregated_value": int(value) if value == int(value) else value.__float__(),
            "end_time": begin + step,
            "livemode": False,
            "meter": meter,
            "start_time": begin,
        }
