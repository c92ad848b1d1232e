"""A subscription ends with its period, pauses, goes on, and takes a discount; each can be undone, and each happens once."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from billing.gateway.client import Unreachable
from billing.models import Instruction
from billing.services import instructions
from tests.billing.services.paying import codes
from tests.billing.services.words import act

CANCEL, UNDO = act("billingCancel"), act("billingCancelUndo")
RESUME, UNCODE = act("billingResume"), act("billingCodeRemove")


def told(payer, document):
    answer = payer.ada.data(document)["it"]
    assert answer["userErrors"] == []
    return answer["result"]


def test_it_ends_with_what_is_paid_unless_that_is_undone(payer):
    payer.subscribes("custom")
    _start, end = payer.period()
    ending = told(payer, act("billingCancel", 'comment: "Too dear"'))
    assert (ending["status"], ending["access"], ending["notice"]) == ("ACTIVE", "FULL", "CANCELS")
    assert datetime.fromisoformat(ending["endsAt"]) == end
    assert payer.shop.v1.subscriptions.retrieve(payer.id).cancellation_details.comment == "Too dear"
    going_on = told(payer, UNDO)
    assert (going_on["endsAt"], going_on["notice"]) == (None, None)
    told(payer, CANCEL)
    payer.shop.stripe.advance(days=32)
    payer.shop.works()
    assert payer.row().status == "canceled"
    assert codes(payer.ada.data(CANCEL)["it"]) == ["STATE"]


def test_what_ends_is_not_changed_before_that_is_undone(payer):
    payer.subscribes("custom", trial_period_days=3)
    told(payer, CANCEL)
    assert payer.refusal(seats=4)[0] == "STATE"


def test_a_pause_makes_everything_read_only_and_costs_nothing(payer):
    payer.subscribes("custom")
    until = (timezone.now() + timedelta(days=60)).replace(microsecond=0)
    paused = told(payer, act("billingPause", f'until: "{until.isoformat()}"'))
    assert (paused["paused"], paused["access"], paused["notice"]) == (True, "READ_ONLY", "PAUSED")
    assert datetime.fromisoformat(paused["resumesAt"]) == until
    payer.shop.stripe.advance(days=32)
    payer.shop.stripe.advance(3700)
    assert [(each.status, each.total) for each in payer.shop.v1.invoices.list().data] == [("void", 900), ("paid", 900)]
    on = told(payer, RESUME)
    assert (on["paused"], on["access"], on["resumesAt"]) == (False, "FULL", None)


def test_a_trial_that_ended_without_a_card_goes_on_with_one(payer):
    payer.shop.v1.customers.update(payer.customer.stripe_id, {"invoice_settings": {"default_payment_method": ""}})
    ends = {"trial_settings": {"end_behavior": {"missing_payment_method": "pause"}}}
    payer.subscribes("custom", trial_period_days=2, **ends)
    payer.shop.stripe.advance(days=3)
    payer.shop.works()
    assert payer.row().status == "paused"
    payer.shop.pays_with(payer.customer, "pm_card_visa")
    assert told(payer, RESUME)["status"] == "ACTIVE"


def test_a_pause_is_in_the_future_and_of_something_paid(payer):
    assert codes(payer.ada.data(act("billingPause"))["it"]) == ["STATE"]
    payer.subscribes("custom")
    past = datetime(2020, 1, 1, tzinfo=UTC).isoformat()
    assert codes(payer.ada.data(act("billingPause", f'until: "{past}"'))["it"]) == ["INVALID"]
    assert codes(payer.ada.data(act("billingCancel", f'comment: "{"x" * 501}"'))["it"]) == ["INVALID"]
    assert not Instruction.objects.exists()


def test_a_code_takes_off_its_share_and_can_be_taken_back(payer):
    payer.subscribes("custom", "seat.custom*2")
    coupon = payer.shop.v1.coupons.create({"percent_off": 20, "duration": "forever"})
    payer.shop.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "PARTNER"})
    told(payer, act("billingCodeApply", 'code: "PARTNER"'))
    following = payer.ada.data("{ it: billingNextInvoice { subtotal discount total } }")
    assert following["it"] == {"subtotal": "25", "discount": "5", "total": "20"}
    told(payer, UNCODE)
    following = payer.ada.data("{ it: billingNextInvoice { subtotal discount total } }")
    assert following["it"] == {"subtotal": "25", "discount": "0", "total": "25"}
    answer = payer.ada.data(act("billingCodeApply", 'code: "NONE"'))["it"]
    assert [(error["code"], error["field"]) for error in answer["userErrors"]] == [("INVALID", ["input", "code"])]


def test_an_instruction_whose_answer_was_lost_is_given_once(payer):
    payer.subscribes("custom")
    payer.shop.stripe.faults(outage="lose", outage_requests=1)
    assert payer.ada.codes(CANCEL) == ["TIMEOUT"]
    assert (Instruction.objects.get().state, payer.row().cancel_at) == ("open", None)
    assert told(payer, CANCEL)["endsAt"]
    assert Instruction.objects.get().state == "done"
    changed = payer.shop.stripe.events("customer.subscription.updated")
    assert [event["data"]["object"]["cancel_at_period_end"] for event in changed].count(True) == 1


def test_one_that_is_not_known_to_have_been_given_gives_way_to_another(payer):
    payer.subscribes("custom")
    payer.shop.stripe.faults(outage="refuse", outage_requests=1)
    assert payer.ada.codes(CANCEL) == ["TIMEOUT"]
    assert told(payer, UNDO)["endsAt"] is None
    assert list(Instruction.objects.order_by("created_at").values_list("state", flat=True)) == ["dropped", "done"]


def test_what_follows_comes_by_its_event_when_stripe_goes_away_afterwards(payer, monkeypatch):
    payer.subscribes("custom")

    def away(**given):
        raise Unreachable("away")

    monkeypatch.setattr(instructions, "refresh_customer", away)
    assert told(payer, CANCEL)["endsAt"] is None
    assert Instruction.objects.get().state == "done"
    payer.shop.works()
    assert payer.ada.data("{ it: billingSubscription { notice } }") == {"it": {"notice": "CANCELS"}}
