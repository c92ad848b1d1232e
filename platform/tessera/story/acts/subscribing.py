"""The company buys a plan at the local Stripe, so that it goes on when its trial is over; where there is none, nothing is sold."""

from typing import Any

from tessera.story.browser import pay
from tessera.story.client import Enum
from tessera.story.companies import Company
from tessera.story.stage import Stage

PLAN = "plan.enterprise"  # all that is switched on is in it


def buy_plan(stage: Stage, company: Company) -> None:
    """The owner chooses a plan and pays with a test card; the event of it is on its way while the others work."""
    if not stage.shop:
        return
    ada = stage.people["ada"]
    with stage.step("the owner buys a plan with a test card") as found:
        wish = {"plan": PLAN, "interval": Enum("MONTH"), "currency": company.currency, "seats": 10}
        bought = ada.payload("billingCheckout", "result { url checkout }", input=wish)
        stage.check("the checkout", bought["userErrors"], [])
        pay(stage.shop, bought["result"]["url"], card="visa")
        stage.ids["checkout"] = found["checkout"] = bought["result"]["checkout"]


def check_plan(stage: Stage, company: Company) -> None:
    """What was bought has come, and nothing that is worked with went off."""
    if not stage.shop:
        return
    ada = stage.people["ada"]
    with stage.step("the plan is there, and nothing will be read only") as found:
        subscription = stage.until("the subscription", lambda: _subscription(ada))
        stage.check("the plan", (subscription["plan"], subscription["status"]), (PLAN, "TRIALING"))
        stage.check("what comes", ada.query("{ billingStanding { access coming { at } } }")["billingStanding"]["coming"], [])
        found["plan"], found["seats"] = subscription["title"], subscription["seats"]


def _subscription(person: Any) -> Any:
    return person.query("{ billingSubscription { plan title status seats } }")["billingSubscription"]
