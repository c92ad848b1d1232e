"""Connect: the accounts of partners, and the balances of theirs and the platform's."""

from typing import TYPE_CHECKING

from billing.local_stripe import forms
from billing.local_stripe.events import changing
from billing.local_stripe.rendering import view_of
from billing.local_stripe.routing import page, route
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

ACCOUNT: forms.Shape = {
    "business_profile": forms.nested(dict.fromkeys(("mcc", "name", "product_description", "support_email", "url"), forms.text)),
    "business_type": forms.choice("company", "individual", "non_profit", "government_entity"),
    "email": forms.text,
    "metadata": forms.strings,
}


@route("POST", "/v1/accounts")
def create_account(local: "Local", form: forms.Form) -> Row:
    capability = forms.nested({"requested": forms.boolean})
    shape = {
        **ACCOUNT,
        "capabilities": forms.nested({"card_payments": capability, "transfers": capability}),
        "country": forms.text,
        "default_currency": forms.currency,
        "type": forms.choice("express"),
    }
    asked = forms.read(form, shape, required=("type",))
    wanted = [name for name, each in (asked.get("capabilities") or {}).items() if each.get("requested")]
    return local.store.add(
        {
            "object": "account",
            "business_profile": asked.get("business_profile"),
            "business_type": asked.get("business_type"),
            "capabilities": dict.fromkeys(wanted, "inactive"),
            "charges_enabled": False,
            "country": asked.get("country", "US"),
            "created": local.clock.now(),
            "default_currency": asked.get("default_currency", "usd"),
            "details_submitted": False,
            "email": asked.get("email"),
            "metadata": asked.get("metadata") or {},
            "payouts_enabled": False,
            "type": "express",
        }
    )


@view_of("account")
def show_account(local: "Local", row: Row, public: Row) -> None:
    due = [] if row["details_submitted"] else ["business_type", "external_account", "tos_acceptance.date"]
    public["requirements"] = {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": due,
        "disabled_reason": None if row["details_submitted"] else "requirements.past_due",
        "errors": [],
        "eventually_due": due,
        "past_due": due,
        "pending_verification": [],
    }


@route("POST", "/v1/accounts/{}")
def update_account(local: "Local", form: forms.Form, key: str) -> Row:
    row = local.store.get("account", key)
    asked = forms.read(form, ACCOUNT)
    with changing(local, "account.updated", row):
        if "metadata" in asked:
            asked["metadata"] = forms.merged(row["metadata"], asked["metadata"])
        row.update(asked)
    return row


@route("GET", "/v1/accounts/{}")
def retrieve_account(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("account", key)


@route("GET", "/v1/accounts")
def list_accounts(local: "Local", form: forms.Form) -> Row:
    return page(local, local.store.of("account"), form, "/v1/accounts")


@route("DELETE", "/v1/accounts/{}")
def delete_account(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    local.store.remove(local.store.get("account", key))
    return {"id": key, "object": "account", "deleted": True}


@route("POST", "/v1/account_links")
def create_account_link(local: "Local", form: forms.Form) -> Row:
    shape = {
        "account": forms.text,
        "refresh_url": forms.text,
        "return_url": forms.text,
        "type": forms.choice("account_onboarding"),
    }
    asked = forms.read(form, shape, required=shape)
    account = local.store.get("account", asked["account"], "account")
    account["_return_url"] = asked["return_url"]
    at = local.clock.now()
    url = f"{local.origin}/onboard/{account['id']}"
    return {"object": "account_link", "created": at, "expires_at": at + 300, "url": url}


def onboard(local: "Local", account: Row) -> None:
    """Let a partner have told everything that Stripe asks of them."""
    with changing(local, "account.updated", account):
        account.update(details_submitted=True, charges_enabled=True, payouts_enabled=True)
        account["capabilities"] = dict.fromkeys(account["capabilities"], "active")


def _balances(local: "Local", account: str | None) -> dict[str, tuple[int, int]]:
    """Return what is available and what is pending in each currency."""
    sums: dict[str, tuple[int, int]] = {}
    for row in local.store.of("balance_transaction", _account=account):
        available, pending = sums.get(row["currency"], (0, 0))
        is_pending = row["available_on"] > local.clock.now() and row["net"] > 0
        sums[row["currency"]] = (available, pending + row["net"]) if is_pending else (available + row["net"], pending)
    return sums or {"usd": (0, 0)}


def available(local: "Local", account: str | None, currency: str) -> int:
    """Return what an account may spend of a currency."""
    return _balances(local, account).get(currency, (0, 0))[0]


@route("GET", "/v1/balance")
def retrieve_balance(local: "Local", form: forms.Form) -> Row:
    forms.read(form, {})
    sums = sorted(_balances(local, caller(local)).items())
    parts = [
        [{"amount": pair[number], "currency": currency, "source_types": {"card": pair[number]}} for currency, pair in sums]
        for number in (0, 1)
    ]
    return {"object": "balance", "available": parts[0], "livemode": False, "pending": parts[1]}


@route("GET", "/v1/balance_transactions")
def list_transactions(local: "Local", form: forms.Form) -> Row:
    shape = {"currency": forms.currency, "payout": forms.text, "source": forms.text, "type": forms.text}
    rows = local.store.of("balance_transaction", _account=caller(local))
    return page(local, rows, form, "/v1/balance_transactions", shape)


@route("GET", "/v1/balance_transactions/{}")
def retrieve_transaction(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("balance_transaction", key)


def caller(local: "Local") -> str | None:
    """Return the connected account that a request speaks for; None is the platform."""
    key = local.request.account if local.request else None
    if key:
        local.store.get("account", key, "Stripe-Account")
    return key
