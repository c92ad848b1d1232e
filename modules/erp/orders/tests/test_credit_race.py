"""Two orders race for the last credit: one of them is refused."""

from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.db import connections
from tessera.api import Refused
from tessera.context import EVERYTHING, Actor, acting, system
from tessera.testing.plugin import entered

from modules.erp.orders.models import SalesOrder
from modules.erp.orders.services import confirm_sales_order, limits
from modules.erp.orders.tests.conftest import ORDERS
from modules.erp.orders.tests.factories import make_shop


@pytest.mark.committed
def test_two_orders_race_for_the_last_credit(tenant, monkeypatch):
    start = Barrier(2, timeout=30)
    unlocked = limits.lock_credit_account

    def lock_together(**account):
        start.wait()  # both have found, without the lock, that they fit
        return unlocked(**account)

    with entered(tenant, actor=system("test"), modules=ORDERS):
        shop = make_shop(credit_limit="300")
        drafts = [shop.order(), shop.order()]
    monkeypatch.setattr(limits, "lock_credit_account", lock_together)
    bob = Actor(kind="member", grants={"orders.sales_order_confirm": EVERYTHING})
    answers: list[str] = []

    def confirm(order: SalesOrder) -> None:
        try:
            with entered(tenant, actor=bob, modules=ORDERS):
                confirm_sales_order(order=order)
            answers.append("confirmed")
        except Refused as refusal:
            answers.append(refusal.problems[0].code)
        finally:
            connections.close_all()

    threads = [Thread(target=confirm, args=(order,)) for order in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == ["LIMIT", "confirmed"]
    with entered(tenant, actor=system("test"), modules=ORDERS), acting(bob):
        assert sorted(SalesOrder.objects.values_list("state", "number")) == [
            ("confirmed", f"SO-{drafts[0].document_date.year}-00001"),
            ("draft", None),
        ]
        assert limits.exposure(shop.customer.pk, shop.company.pk) == Decimal("180.00")
