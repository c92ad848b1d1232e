"""The inbox of Stripe's events, and the quarantine: both are the same rows, looked at differently."""

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from tessera.accounts.operators.services import Operator
from tessera.accounts.operators.site import Act, Shown, site

from billing.events.quarantine import EVENT_RELEASE, process_again, release_event
from billing.models import QuarantinedEvent, StripeEvent


def _is_known(row: StripeEvent) -> bool:
    return row.forgotten_at is None


def _again(row: StripeEvent, by: Operator, *, reason: str) -> None:
    process_again(event_id=row.event_id, by=by, reason=reason)


def _release(row: StripeEvent, by: Operator, *, reason: str) -> None:
    release_event(event_id=row.event_id, by=by, reason=reason)


@admin.register(StripeEvent, site=site)
class StripeEventAdmin(Shown):
    """All events; the body is read for one alone."""

    acts: tuple[Act, ...] = (
        Act(
            "again",
            _("Process again"),
            EVENT_RELEASE,
            _again,
            may=lambda row: _is_known(row) and row.state != StripeEvent.State.QUARANTINED,
        ),
    )
    list_display: tuple[str, ...] = ("event_id", "type", "customer", "state", "attempts", "why", "received_at", "done_at")
    list_filter: tuple[str, ...] = ("state", "source", "livemode")
    search_fields = ("event_id", "customer", "type")
    ordering = ("-received_at",)
    fields = (
        *("event_id", "type", "customer", "state", "attempts", "why", "source", "livemode", "api_version", "created"),
        *("received_at", "due_at", "done_at", "forgotten_at", "body"),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        match = request.resolver_match
        return rows if match and match.url_name and match.url_name.endswith("_change") else rows.defer("payload")

    @admin.display(description=_("body"))
    def body(self, row: StripeEvent) -> Any:
        if row.payload is None:
            return _("forgotten")
        return format_html('<pre class="trace">{}</pre>', json.dumps(row.payload, indent=2, ensure_ascii=False, sort_keys=True))


@admin.register(QuarantinedEvent, site=site)
class QuarantinedEventAdmin(StripeEventAdmin):
    """Events that had no effect, with the reason."""

    acts = (Act("release", _("Release"), EVENT_RELEASE, _release, may=_is_known),)
    list_display = ("event_id", "type", "customer", "why", "received_at", "forgotten_at")
    list_filter = ("livemode",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(state=StripeEvent.State.QUARANTINED)
