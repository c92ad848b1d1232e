"""Stock through GraphQL: from the opening stock to a return, as people with just the rights they need."""

from datetime import date
from decimal import Decimal

import pytest
from tessera.api import Reach
from tessera.graph.ids import encode
from tessera.testing.asking import ask, done, refusals

from modules.base.tests.factories import make_company, make_customer, make_item, make_unit
from modules.scm.stock.models import Delivery
from modules.scm.stock.tests.factories import broken, confirm, pool_of, put

OPEN = """mutation($input: ReceiptOpenInput!) { receiptOpen(input: $input) {
    node { id number state kind netTotal lines { nodes { quantity item { code } } } } userErrors { field code } } }"""
CREATE = """mutation($input: DeliveryCreateInput!) { deliveryCreate(input: $input) {
    node { id state number version lines { nodes { id baseQuantity } } } userErrors { field code } } }"""
READY = "mutation($id: ID!) { deliveryReady(id: $id) { node { id number state } userErrors { field code } } }"
CANCEL = """mutation($id: ID!, $input: DeliveryCancelInput!) { deliveryCancel(id: $id, input: $input) {
    node { state number } userErrors { field code } } }"""
VOIDED = "{ voidedNumbers { totalCount nodes { number reason label } } }"
SHIP = "mutation($id: ID!) { deliveryComplete(id: $id) { node { id state postingDate } userErrors { field code } } }"
BACK = """mutation($id: ID!, $input: DeliveryReturnInput!) { deliveryReturn(id: $id, input: $input) {
    node { kind state lines { nodes { location { kind } } } } userErrors { field code message } } }"""


@pytest.fixture
def shop(inside):
    company = make_company()
    return type("Shop", (), {"company": company, "tea": make_item(), "bob": make_customer(company)})


def test_goods_come_in_go_out_and_come_back(shop, as_member):
    as_member(
        "stock.receipt_complete",
        "stock.receipt_view",
        "stock.receipt_line_view",
        "stock.value_view",
        "base.company_view",
        "base.item_view",
        name="ada",
    )
    line = {"item": encode("Item", shop.tea.pk), "quantity": "5", "unitCost": "2.50"}
    node = done(OPEN, input={"company": encode("Company", shop.company.pk), "lines": [line]})
    assert (node["state"], node["kind"], node["netTotal"], node["number"][:3]) == ("done", "OPENING", "12.5", "GR-")
    assert pool_of(shop.company, shop.tea) == (5, Decimal("12.50"))


def test_an_order_is_shipped_by_a_clerk(shop, as_member):
    put(shop.company, shop.tea, "5", "12.50")
    order = confirm(shop.company, shop.bob, [(shop.tea, "4")])
    as_member(
        "stock.delivery_create",
        "stock.delivery_update",
        "stock.delivery_complete",
        "stock.delivery_return",
        "stock.delivery_view",
        "stock.delivery_line_view",
        "stock.receipt_view",
        "stock.receipt_line_view",
        "stock.location_view",
    )
    draft = done(CREATE, input={"document": str(order.document)})
    assert (draft["state"], draft["number"], [n["baseQuantity"] for n in draft["lines"]["nodes"]]) == ("draft", None, ["4"])
    assert done(READY, id=draft["id"])["number"].startswith("DN-")
    assert done(SHIP, id=draft["id"])["state"] == "done"
    line = draft["lines"]["nodes"][0]["id"]
    back = done(BACK, id=draft["id"], input={"lines": [{"line": line, "quantity": "1"}]})
    assert (back["kind"], back["state"], back["lines"]["nodes"]) == ("RETURN", "done", [{"location": {"kind": "HOLD"}}])
    body = ask(BACK, id=draft["id"], input={"lines": [{"line": line, "quantity": "4"}]})
    assert body["data"]["deliveryReturn"]["userErrors"][0]["code"] == "LIMIT"
    assert body["data"]["deliveryReturn"]["userErrors"][0]["field"] == ["input", "lines", "0", "quantity"]


ONCE = """mutation($input: DeliveryShipInput!) { deliveryShip(input: $input) {
    node { number state postingDate lines { nodes { baseQuantity } } } userErrors { field code } } }"""
SHIPPING = ("stock.delivery_create", "stock.delivery_update", "stock.delivery_complete")


def test_an_order_is_shipped_in_one_step_by_who_may_do_each_of_it(shop, as_member):
    put(shop.company, shop.tea, "5", "12.50")
    order = confirm(shop.company, shop.bob, [(shop.tea, "4")])
    given = {"document": str(order.document), "postingDate": str(date.today())}
    for missing in SHIPPING:
        as_member(*(right for right in SHIPPING if right != missing), "stock.delivery_view")
        (error,) = ask(ONCE, input=given)["errors"]
        assert error["extensions"] == {"code": "FORBIDDEN", "permission": missing}
    as_member(*SHIPPING, "stock.delivery_view", "stock.delivery_line_view")
    some = done(ONCE, input=given | {"lines": [{"line": str(order.demands[0].line), "quantity": "1"}]})
    assert (some["state"], some["postingDate"], some["lines"]["nodes"]) == ("done", str(date.today()), [{"baseQuantity": "1"}])
    rest = done(ONCE, input=given)
    assert (rest["number"][:3], rest["lines"]["nodes"]) == ("DN-", [{"baseQuantity": "3"}])
    assert refusals(ONCE, input=given) == [("NOTHING_RESERVED", "input.document")]
    assert (pool_of(shop.company, shop.tea), broken()) == ((1, Decimal("2.50")), [])


def test_the_value_of_stock_is_for_those_who_may_see_it(shop, as_member):
    put(shop.company, shop.tea, "5", "12.50")
    as_member("stock.cost_pool_view")
    body = ask("{ costPools { nodes { quantity value } } }")
    assert body["data"]["costPools"]["nodes"] == [{"quantity": "5", "value": None}]
    body = ask("query($c: ID!) { stockValue(company: $c) { value } }", c=encode("Company", shop.company.pk))
    assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_a_clerk_of_one_company_does_not_see_the_stock_of_another(shop, as_member):
    other = make_company("OTHER")
    put(shop.company, shop.tea, "5", "12.50")
    put(other, shop.tea, "7", "12.50")
    as_member("stock.stock_balance_view", reach=Reach(companies=frozenset({other.pk})))
    body = ask("{ stockBalances { totalCount nodes { onHand } } }")
    assert body["data"]["stockBalances"] == {"totalCount": 1, "nodes": [{"onHand": "7"}]}


def test_a_clerk_of_one_company_does_not_ship_for_another(shop, as_member):
    other = make_company("OTHER")
    put(shop.company, shop.tea, "5", "12.50")
    order = confirm(shop.company, shop.bob, [(shop.tea, "4")])
    given = {"document": str(order.document)}
    as_member(*SHIPPING, "stock.delivery_view", reach=Reach(companies=frozenset({other.pk})))
    for text, right in ((CREATE, "stock.delivery_create"), (ONCE, "stock.delivery_complete")):
        (error,) = ask(text, input=given)["errors"]
        assert error["extensions"] == {"code": "FORBIDDEN", "permission": right}
    assert not Delivery.objects.exists()
    as_member(*SHIPPING, "stock.delivery_view", "stock.delivery_line_view", reach=Reach(companies=frozenset({shop.company.pk})))
    assert done(ONCE, input=given)["state"] == "done"


CHANGE = """mutation($id: ID!, $input: ItemUpdateInput!) { itemUpdate(id: $id, input: $input) {
    node { tracking } userErrors { field code } } }"""


@pytest.mark.parametrize(("field", "value"), [("tracking", "LOT"), ("costMethod", "FIFO"), ("kind", "SERVICE"), ("unit", None)])
def test_what_the_quantities_of_an_item_stand_on_stays_once_it_has_moved(shop, as_member, field, value):
    put(shop.company, shop.tea, "5", "12.50")
    value = value or encode("Unit", make_unit("kg", 3).pk)
    jam = make_item("JAM")
    as_member("base.item_update", "base.item_view", "base.unit_view")
    body = ask(CHANGE, id=encode("Item", shop.tea.pk), input={field: value})
    found = body["data"]["itemUpdate"]["userErrors"]
    assert found == [{"field": ["input", field], "code": "STATE"}]
    assert ask(CHANGE, id=encode("Item", jam.pk), input={field: value})["data"]["itemUpdate"]["userErrors"] == []
    assert ask(CHANGE, id=encode("Item", shop.tea.pk), input={"name": "Green tea"})["data"]["itemUpdate"]["userErrors"] == []


def test_the_number_of_a_cancelled_delivery_is_void_with_its_reason(shop, as_member):
    put(shop.company, shop.tea, "5", "12.50")
    order = confirm(shop.company, shop.bob, [(shop.tea, "4")])
    clerk = ("stock.delivery_create", "stock.delivery_update", "stock.delivery_line_view", "numbering.voided_number_view")
    as_member(*clerk, "stock.delivery_view")
    for ready in (False, True):
        draft = done(CREATE, input={"document": str(order.document)})
        if ready:
            number = done(READY, id=draft["id"])["number"]
        assert done(CANCEL, id=draft["id"], input={"reason": "wrong address"})["state"] == "cancelled"
    told = {"number": number, "reason": "wrong address", "label": "stock.Delivery"}
    assert ask(VOIDED)["data"]["voidedNumbers"] == {"totalCount": 1, "nodes": [told]}
    as_member(*clerk)  # who may not see the delivery does not see its number either
    assert ask(VOIDED)["data"]["voidedNumbers"] == {"totalCount": 0, "nodes": []}
