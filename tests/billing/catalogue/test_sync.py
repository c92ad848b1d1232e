"""The catalogue comes to Stripe whole, once, and so again after a kill; what changes there is what changed here."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from billing.catalogue.selectors import catalogue
from billing.catalogue.sync import sync_catalogue
from billing.catalogue.syncing.found import SyncRefused, read_stripe
from billing.catalogue.syncing.steps import plan
from billing.catalogue.syncing.writer import Writer
from billing.local_stripe.testing import running
from tests.billing.catalogue.planted import CATALOGUE, with_offer, with_price, without
from tests.billing.catalogue.wire import Killed, Wire, client_of


@pytest.fixture
def local():
    with running(deliver=False) as found:
        yield found


@pytest.fixture
def sync(local, plant):
    """Return a function that puts a catalogue in force and brings it to Stripe; it returns the writes and what was told."""

    def run(wanted, dry_run=False, dies_at=None):
        plant(wanted)
        wire, told = Wire(dies_at), []
        steps = sync_catalogue(client=client_of(local, wire), catalogue=catalogue(), dry_run=dry_run, tell=told.append)
        assert len(told) == steps
        return wire.written, told

    return run


def prices(local, **asked):
    return list(local.client.v1.prices.list({"limit": 100, **asked}).auto_paging_iter())


def price(local, lookup_key):
    (found,) = prices(local, lookup_keys=[lookup_key])
    return found


def products(local):
    return {each.metadata["tessera"]: each for each in local.client.v1.products.list({"limit": 100}).auto_paging_iter()}


def said(step):
    """Return what a step says of itself, without its place."""
    return step.partition(" ")[2]


def test_everything_of_a_catalogue_is_made(local, sync):
    written, told = sync(CATALOGUE)
    made = products(local)
    assert set(made) == {each.key for each in CATALOGUE.offers} - {"plan.canal"}  # which is not sold any more
    harbour = made["plan.harbour"]
    assert (harbour.name, harbour.description, harbour.active, harbour.unit_label) == ("Harbour", "For <ports>.", True, None)
    assert harbour.metadata.to_dict() == {"tessera": "plan.harbour", "catalogue": "7"}
    assert made["seat.harbour"].unit_label == "seat"
    year = price(local, "harbour.year.cny")
    assert (year.product, year.currency, year.unit_amount, year.tax_behavior) == (harbour.id, "cny", 40000, "exclusive")
    assert (year.recurring.interval, year.recurring.usage_type, year.recurring.meter) == ("year", "licensed", None)
    assert price(local, "seat.harbour.month.usd").unit_amount == 450
    (meter,) = local.client.v1.billing.meters.list().data
    assert (meter.event_name, meter.display_name, meter.default_aggregation.formula) == ("t_messages", "Messages", "sum")
    metered = price(local, "meter.messages.month.usd")
    assert (metered.unit_amount_decimal, metered.unit_amount) == (Decimal("0.2"), None)
    assert (metered.recurring.usage_type, metered.recurring.meter) == ("metered", meter.id)
    assert len(prices(local)) == 7 * 4
    assert told[0] == f"1/{len(told)} create the meter t_messages"
    assert len(written) == len(told) == 1 + 5 + 7 + 16 + 28  # a meter, features, products, what hangs on them, prices


def test_each_product_has_the_features_of_the_modules_that_it_gives(local, sync):
    sync(CATALOGUE)
    names = {each.lookup_key: each.name for each in local.client.v1.entitlements.features.list({"limit": 100}).data}
    assert names == {
        "module.base": "Base",
        "module.orders": "Orders",
        "module.scm": "SCM",
        "module.stock": "Stock",
        "module.workflow": "Approvals",
    }
    attached = read_stripe(local.client).attached
    assert {key: set(features) for key, features in attached.items() if features} == {
        "plan.harbour": set(names),
        "bundle.scm": set(names),
        "module.workflow": {"module.base", "module.workflow"},
        "module.orders": {"module.base", "module.orders"},
        "module.stock": {"module.base", "module.stock"},
    }


def test_a_second_run_writes_nothing(sync):
    sync(CATALOGUE)
    assert sync(CATALOGUE) == ([], [])


def test_our_own_catalogue_comes_to_stripe_and_a_second_run_writes_nothing(local, lamp):
    found = catalogue()
    for steps in (True, False):
        wire = Wire()
        assert bool(sync_catalogue(client=client_of(local, wire), catalogue=found)) == steps
        assert bool(wire.written) == steps
    there = {each.lookup_key: each for each in prices(local)}
    assert {key: (each.unit_amount_decimal, each.currency) for key, each in there.items()} == {
        key: (each.amount * 100, each.currency.lower()) for key, each in found.by_lookup_key.items()
    }
    assert products(local)["module.lamp"].name == "Lamp"
    assert there["module.lamp.year.cny"].unit_amount == 70000


def test_a_dry_run_tells_the_same_steps_and_writes_nothing(sync):
    written, planned = sync(CATALOGUE, dry_run=True)
    assert written == []
    assert sync(CATALOGUE)[1] == planned


def test_a_changed_price_takes_over_the_lookup_key_and_the_old_one_is_archived(local, sync):
    sync(CATALOGUE)
    old = price(local, "harbour.month.usd")
    written, told = sync(replace(with_price("harbour.month.usd", amount=Decimal(44)), version=8))
    new = price(local, "harbour.month.usd")
    assert (new.unit_amount, new.active, new.product, new.metadata["catalogue"]) == (4400, True, old.product, "8")
    old = local.client.v1.prices.retrieve(old.id)
    assert (old.unit_amount, old.active, old.lookup_key) == (4000, False, None)
    assert written == [("post", "/v1/prices"), ("post", f"/v1/prices/{old.id}")]
    assert list(map(said, told)) == [
        f"create the price harbour.month.usd, USD 44 instead of {old.id}",
        f"archive the price {old.id} of plan.harbour, USD 4000",
    ]


def test_a_price_that_comes_back_is_made_again(local, sync):
    sync(CATALOGUE)
    for amount in (44, 40, 44, 40):
        sync(with_price("harbour.month.usd", amount=Decimal(amount)))
        assert (price(local, "harbour.month.usd").unit_amount, price(local, "harbour.month.usd").active) == (amount * 100, True)
    assert len([each for each in prices(local) if each.active]) == 28


def test_a_price_that_was_archived_by_hand_is_made_again(local, sync):
    sync(CATALOGUE)
    old = price(local, "harbour.month.usd")
    local.client.v1.prices.update(old.id, {"active": False})
    written, _told = sync(CATALOGUE)
    assert written == [("post", "/v1/prices")]
    assert price(local, "harbour.month.usd").active


@pytest.mark.safety
def test_a_run_that_is_killed_after_any_write_is_resumed_by_the_next(local, sync, count):
    writes, kills = 57, 0
    every = writes // count("kills", 7, writes)
    while True:
        try:
            sync(CATALOGUE, dies_at=every)
        except Killed:
            kills += 1
            continue
        break
    assert kills == writes // every
    assert len(prices(local)) == 28 and all(each.active for each in prices(local))
    assert len(local.client.v1.products.list({"limit": 100}).data) == 7
    assert len(local.client.v1.billing.meters.list().data) == 1


def test_a_change_of_prices_that_is_killed_is_resumed_by_the_next(local, sync):
    sync(CATALOGUE)
    dearer = with_price("harbour.month.usd", amount=Decimal(44))
    with pytest.raises(Killed):
        sync(dearer, dies_at=1)
    written, told = sync(dearer)
    assert len(written) == 1 and said(told[0]).startswith("archive the price ")
    assert len([each for each in prices(local) if each.active]) == 28


def test_two_runs_at_once_make_everything_once(local, plant):
    plant(CATALOGUE)
    found = read_stripe(local.client)
    making = [step for step in plan(catalogue(), found) if step.makes]
    for writer in (Writer(local.client, found.ids()), Writer(local.client, found.ids())):
        for step in making:
            writer.write(step)
    assert (len(products(local)), len(prices(local)), len(making)) == (7, 28, 41)
    assert len(local.client.v1.products.list({"limit": 100}).data) == 7


def test_what_is_not_sold_any_more_is_archived_and_comes_back(local, sync):
    sync(CATALOGUE)
    _written, told = sync(with_offer("module.stock", sold=False))
    assert [said(step).partition(" prod_")[0].partition(" price_")[0] for step in told] == ["archive the price"] * 4 + [
        "archive the product module.stock, not sold any more"
    ]
    stock = products(local)["module.stock"]
    assert not stock.active and not any(each.active for each in prices(local, product=stock.id))
    sync(CATALOGUE)
    assert products(local)["module.stock"].id == stock.id and products(local)["module.stock"].active
    assert price(local, "module.stock.year.usd").active


def test_what_the_catalogue_does_not_know_is_archived_with_a_question(local, sync):
    sync(CATALOGUE)
    _written, told = sync(without("module.orders"))
    assert said(told[-1]) == "archive the product module.orders, unknown to the catalogue: what it gives to those who have it?"
    assert not products(local)["module.orders"].active
    assert sync(without("module.orders")) == ([], [])


def test_texts_and_modules_of_a_product_are_brought_up_to_date(local, sync):
    sync(CATALOGUE)
    written, told = sync(
        with_offer(
            "plan.harbour",
            title="Port",
            about="",
            gives=replace(CATALOGUE.by_key["plan.harbour"].gives, modules=frozenset({"workflow", "sales"})),
        )
    )
    assert list(map(said, told)) == [
        "create the feature module.sales",
        "update the product plan.harbour: description, name",
        "attach the feature module.sales to plan.harbour",
        "detach the feature module.scm from plan.harbour",
        "detach the feature module.stock from plan.harbour",
    ]
    harbour = products(local)["plan.harbour"]
    assert (harbour.name, harbour.description or "") == ("Port", "")
    assert len(written) == 5


def test_what_was_made_by_hand_is_left_alone(local, sync):
    sync(CATALOGUE)
    harbour = products(local)["plan.harbour"]
    special = local.client.v1.prices.create(
        {"product": harbour.id, "currency": "usd", "unit_amount": 100, "recurring": {"interval": "month"}}
    )
    other = local.client.v1.products.create({"name": "A mug"})
    thanks = local.client.v1.entitlements.features.create({"name": "A card at Christmas", "lookup_key": "thanks"})
    local.client.v1.products.features.create(harbour.id, {"entitlement_feature": thanks.id})
    assert sync(CATALOGUE) == ([], [])
    assert local.client.v1.prices.retrieve(special.id).active and local.client.v1.products.retrieve(other.id).active


def test_a_feature_that_was_archived_by_hand_is_active_again(local, sync):
    sync(CATALOGUE)
    feature = read_stripe(local.client).features["module.stock"]
    local.client.v1.entitlements.features.update(feature.id, {"active": False})
    written, told = sync(CATALOGUE)
    assert (len(written), said(told[0])) == (1, "update the feature module.stock")
    assert local.client.v1.entitlements.features.retrieve(feature.id).active


def test_a_meter_that_was_switched_off_is_switched_on_and_named_anew(local, sync):
    sync(CATALOGUE)
    (meter,) = local.client.v1.billing.meters.list().data
    local.client.v1.billing.meters.deactivate(meter.id)
    _written, told = sync(with_offer("meter.messages", title="Letters"))
    assert list(map(said, told))[:2] == ["reactivate the meter t_messages", "rename the meter t_messages"]
    (meter,) = local.client.v1.billing.meters.list().data
    assert (meter.status, meter.display_name) == ("active", "Letters")


def test_a_meter_that_counts_otherwise_is_refused(local, sync):
    local.client.v1.billing.meters.create(
        {"display_name": "Messages", "event_name": "t_messages", "default_aggregation": {"formula": "last"}}
    )
    with pytest.raises(SyncRefused, match="the meter t_messages takes the last of its events, which Stripe cannot change"):
        sync(CATALOGUE)


def test_two_products_of_one_key_are_refused_by_name(local, sync):
    twins = [local.client.v1.products.create({"name": "Harbour", "metadata": {"tessera": "plan.harbour"}}) for _ in range(2)]
    with pytest.raises(SyncRefused, match=r"Stripe has two products plan\.harbour") as refused:
        sync(CATALOGUE)
    assert all(twin.id in str(refused.value) for twin in twins)
    assert len(local.client.v1.products.list().data) == 2


def test_a_step_that_stripe_refuses_is_named_and_the_next_run_goes_on(local, plant):
    plant(CATALOGUE)

    def tell(step):
        if step.startswith("9/"):
            local.faults(outage="503")

    with pytest.raises(SyncRefused, match=r"step 9 of 57, create the product bundle\.scm: .*Service unavailable"):
        sync_catalogue(client=local.client, catalogue=catalogue(), tell=tell)
    with pytest.raises(SyncRefused, match=r"Stripe cannot be read: .*Service unavailable"):
        sync_catalogue(client=local.client, catalogue=catalogue())
    local.faults()
    assert sync_catalogue(client=local.client, catalogue=catalogue()) == 57 - 8


def test_the_command_tells_its_steps_and_what_is_wrong(local, plant, settings, capsys):
    settings.STRIPE_API_BASE, settings.STRIPE_API_KEY = local.url, "sk_test_local"
    plant(CATALOGUE)
    call_command("billing", "sync", "--dry-run")
    assert capsys.readouterr().out.splitlines()[-1] == "catalogue 7: 57 steps to take"
    call_command("billing", "sync")
    lines = capsys.readouterr().out.splitlines()
    assert (lines[0], lines[-1]) == ("1/57 create the meter t_messages", "catalogue 7: 57 steps taken")
    call_command("billing", "sync")
    assert capsys.readouterr().out == "catalogue 7: 0 steps taken\n"
    plant(without("seat.harbour"))
    with pytest.raises(CommandError, match="the catalogue is not sound"):
        call_command("billing", "sync")
    assert capsys.readouterr().err == "PLAN_AND_SEAT: plan.harbour is sold, but no seat.harbour\n"
    settings.STRIPE_API_KEY = ""
    plant(CATALOGUE)
    with pytest.raises(CommandError, match="set STRIPE_API_KEY"):
        call_command("billing", "sync")
