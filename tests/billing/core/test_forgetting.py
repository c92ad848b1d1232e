"""What events said is forgotten in its time; that they came is not, and what lies in quarantine is kept for half a year."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from tessera.errors import Refused

from billing.events import forgetting
from billing.events.quarantine import COMMAND_LINE, process_again, release_event
from billing.models import StripeEvent
from billing.tasks import forget_event_bodies, sweep
from tests.billing.core.shop import post
from tests.billing.core.test_sweeping import EVENT


@pytest.fixture(autouse=True)
def clock(_database, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    return time_machine


def kept(number=1):
    return StripeEvent.objects.get(event_id=f"evt_{number}")


def done(number=1):
    about = {"id": "prod_1", "object": "product"}
    assert post(EVENT | {"id": f"evt_{number}", "data": {"object": about}}).status_code == 200
    sweep()
    assert kept(number).state == "done"


def test_a_processed_event_is_forgotten_after_thirty_days_and_stays_known(clock):
    done()
    clock.shift(timedelta(days=30))
    forget_event_bodies()
    assert kept().payload is not None
    clock.shift(timedelta(seconds=1))
    forget_event_bodies()
    row = kept()
    assert (row.payload, row.forgotten_at, row.state) == (None, timezone.now(), "done")
    assert post(EVENT).status_code == 200
    assert StripeEvent.objects.count() == 1
    sweep()
    assert kept().payload is None


def test_how_long_says_the_setting(clock, settings):
    settings.TESSERA_EVENT_BODY_DAYS = 3
    done()
    clock.shift(timedelta(days=3, seconds=1))
    assert forgetting.forget_bodies() == 1


def test_many_are_forgotten_in_several_statements(clock, monkeypatch):
    monkeypatch.setattr(forgetting, "AT_ONCE", 2)
    for number in range(5):
        done(number)
    clock.shift(timedelta(days=31))
    assert forgetting.forget_bodies() == 5
    assert forgetting.forget_bodies() == 0


def test_what_lies_in_quarantine_is_kept_until_it_is_released_or_for_half_a_year(clock):
    assert post(EVENT | {"livemode": True}).status_code == 200
    sweep()
    assert kept().state == "quarantined"
    StripeEvent.objects.update(received_at=timezone.now())  # the database's clock does not travel
    clock.shift(timedelta(days=180))
    assert forgetting.forget_bodies() == 0
    release_event(event_id="evt_1")
    sweep()
    assert (kept().state, kept().payload["id"]) == ("quarantined", "evt_1")
    clock.shift(timedelta(seconds=1))
    assert forgetting.forget_bodies() == 1
    with pytest.raises(Refused) as refused:
        release_event(event_id="evt_1")
    assert refused.value.problems[0].code == "STATE"
    assert kept().state == "quarantined"


def test_what_was_processed_can_be_processed_again_until_it_is_forgotten(clock):
    done()
    process_again(event_id="evt_1", by=COMMAND_LINE)
    assert (kept().state, kept().done_at) == ("received", None)
    sweep()
    clock.shift(timedelta(days=31))
    forget_event_bodies()
    with pytest.raises(Refused) as refused:
        process_again(event_id="evt_1", by=COMMAND_LINE)
    assert refused.value.problems[0].code == "STATE"


def test_what_waits_is_never_forgotten(clock):
    post(EVENT)
    with pytest.raises(IntegrityError), transaction.atomic(using="shared"):
        StripeEvent.objects.update(payload=None, forgotten_at=timezone.now())
