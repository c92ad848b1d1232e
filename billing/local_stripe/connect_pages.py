"""The page on which a partner tells Stripe who they are."""

from typing import TYPE_CHECKING

from billing.local_stripe import connect, forms, pages
from billing.local_stripe.routing import Page, route

if TYPE_CHECKING:
    from billing.local_stripe.local import Local


@route("GET", "/onboard/{}")
def show_onboarding(local: "Local", form: forms.Form, key: str) -> Page:
    account = local.store.get("account", key)
    body = pages.part("onboard", email=account["email"] or account["id"])
    return pages.whole("Become a partner", body)


@route("POST", "/onboard/{}")
def use_onboarding(local: "Local", form: forms.Form, key: str) -> Page:
    account = local.store.get("account", key)
    if form.get("action") == "tell":
        connect.onboard(local, account)
    return pages.go(account["_return_url"])
