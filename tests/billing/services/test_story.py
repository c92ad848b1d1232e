"""From a stranger to a company that buys, adds a module, drops it and takes it back: over HTTP, and with everything it keeps."""

import json
import re
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from tessera.accounts.models import Account
from tessera.accounts.tests.hosts import Browser, program_token
from tessera.module import closure, modules
from tessera.outbox.hints import client as valkey
from tessera.testing.contract.life import checksums, within
from tessera.testing.rows import Rows

from billing.models import Subscription
from tenants import tasks
from tenants.models import Installation, Tenant
from tests.billing.services import words
from tests.billing.services.test_changes import SHOWN

SIGN_UP = """mutation { it: signUp(company: "Acme Ltd", slug: "acme", email: "ada@acme.test", password: "correct horse battery") {
    email userErrors { code } } }"""
CONFIRM = "mutation($token: String!) { it: signUpConfirm(token: $token) { tenant { slug url } userErrors { code } } }"
ORDERS = "{ salesOrders { totalCount } }"
IMPORT = 'mutation { it: importRunCreate(input: {importer: "sales_orders", data: "number"}) { userErrors { code } } }'


class Visitor:
    """Somebody who asks the API of a host, at first without a name."""

    def __init__(self, host: str) -> None:
        self.client = Client(HTTP_HOST=host)

    def ask(self, document: str, **variables: Any) -> Any:
        body = json.dumps({"query": document, "variables": variables})
        return self.client.post("/graphql", body, content_type="application/json").json()

    def data(self, document: str, **variables: Any) -> Any:
        body = self.ask(document, **variables)
        assert "errors" not in body, body["errors"]
        return body["data"]["it"] if "it" in body["data"] else body["data"]

    def codes(self, document: str) -> list[str]:
        return [error["extensions"]["code"] for error in self.ask(document)["errors"]]


@pytest.fixture
def ada(shop):
    """Return who has signed a company up, over HTTP, and is its owner."""
    if old := valkey().keys("sys:signup:*"):
        valkey().delete(*old)
    stranger = Visitor(settings.BASE_DOMAIN)
    assert stranger.data(SIGN_UP) == {"email": "ada@acme.test", "userErrors": []}
    token = re.search(r"/signup/confirm/(\S+)", mail.outbox[-1].body)[1]
    assert stranger.data(CONFIRM, token=token)["tenant"] == {"slug": "acme", "url": "http://acme.localhost:8000/"}
    owner = Visitor("acme.localhost:8000")
    account = Account.objects.get(email="ada@acme.test")
    secret = program_token(Browser(), Tenant.objects.get(slug="acme"), account)
    owner.client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    return owner


def test_a_company_buys_adds_drops_and_takes_back(shop, ada):
    acme = Tenant.objects.get(slug="acme")

    def happens():
        """Let Stripe tell, and the jobs be done that follow."""
        shop.works()
        tasks.finish_switching(tenant_id=str(acme.id))

    def on():
        return set(Installation.objects.filter(tenant=acme, state="on").values_list("module", flat=True))

    # The trial: nothing was bought, everything may be used.
    assert ada.data(words.SHOW) is None
    assert ada.data("{ billingEntitlements { access notice } }") == {"billingEntitlements": {"access": "FULL", "notice": None}}

    # The checkout: paid on Stripe's page, and everything bought comes on.
    wish = {"plan": "plan.custom", "interval": "MONTH", "currency": "USD", "additions": ["module.stock"]}
    bought = ada.data(words.CHECKOUT, input=wish)["result"]
    assert bought["url"].startswith(shop.stripe.url)
    (session,) = shop.v1.checkout.sessions.list().data
    shop.stripe.pay(session.id)
    back = f"/billing/checkout/{bought['checkout']}?paid=1"
    assert "is being confirmed" in ada.client.get(back).content.decode()
    happens()
    assert on() == {"base", "stock"}
    assert "Acme Ltd has Pick your own" in ada.client.get(back).content.decode()
    assert ada.data(words.SHOW)["status"] == "TRIALING"

    # The first month is paid, and in its middle a module is added: it costs what was shown.
    shop.stripe.advance(days=15)
    shop.stripe.advance(3700)
    assert ada.codes(ORDERS) == ["BAD_INPUT"]
    shown = ada.data(words.PREVIEW, additions=["module.stock", "module.orders"])
    changed = ada.data(words.CHANGE, token=shown["token"])
    assert changed["userErrors"] == []
    (invoice,) = ada.data(words.INVOICES, first=1)["nodes"]
    assert {name: invoice[name] for name in SHOWN} == {name: shown[name] for name in SHOWN}
    happens()
    assert on() == {"base", "stock", "orders"}

    # It is worked with.
    labels = closure(["orders"])
    with within(acme, *labels):
        Rows("AMBER").fill(0, 1, only=[model for label in sorted(labels) for model in modules()[label].get_models()])
    assert ada.data(ORDERS) == {"salesOrders": {"totalCount": 2}}
    before = checksums(acme, labels)

    # It is dropped: what is paid for the rest is given back, its API is gone, its data is not.
    saved = ada.data(words.IMPACT, module="orders")
    assert (saved["amount"], saved["interval"]) == ("12", "MONTH")
    assert {"kind": "orders.SalesOrder", "count": 2} in saved["impact"]["goesOff"][0]["records"]
    shown = ada.data(words.PREVIEW, additions=["module.stock"])
    assert ada.data(words.CHANGE, token=shown["token"])["userErrors"] == []
    (invoice,) = ada.data(words.INVOICES, first=1)["nodes"]
    assert {name: invoice[name] for name in SHOWN} == {name: shown[name] for name in SHOWN}
    happens()
    assert on() == {"base", "stock"}
    assert ada.codes(ORDERS) == ["BAD_INPUT"]
    assert ada.codes(IMPORT) == ["MODULE_DISABLED"]
    (refused, *_rest) = ada.data(words.ENABLE, modules=["orders"])["userErrors"]
    assert (refused["code"], refused["details"]["offers"][0]["offer"]) == ("NOT_ENTITLED", "module.orders")
    assert checksums(acme, labels) == before

    # It is taken back, and nothing of it has changed.
    shown = ada.data(words.PREVIEW, additions=["module.stock", "module.orders"])
    assert ada.data(words.CHANGE, token=shown["token"])["userErrors"] == []
    happens()
    assert on() == {"base", "stock", "orders"}
    assert checksums(acme, labels) == before
    assert ada.data(ORDERS) == {"salesOrders": {"totalCount": 2}}
    assert Subscription.objects.count() == 1
