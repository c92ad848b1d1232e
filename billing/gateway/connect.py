"""Partners at Stripe: their accounts, the page on which they tell who they are, and transfers to them."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import stripe
from stripe.params import AccountCreateParams, AccountLinkCreateParams, TransferCreateParams
from tessera.money import minor_units

from billing.gateway.client import asking, stripe_client
from billing.gateway.shapes import Object, amount_of, key_of

PARTNER = "partner"  # the key of metadata under which accounts say whose they are
STATEMENT = "statement"  # ... and transfers what they pay


class TransferRefused(Exception):
    """Raised where Stripe refuses a transfer: nothing was moved. Its text is Stripe's."""


@dataclass(frozen=True)
class SeenAccount:
    """A partner's account; `takes_transfers` says that it can be paid."""

    id: str
    vendor: str
    takes_transfers: bool


@dataclass(frozen=True)
class SeenTransfer:
    """A transfer to a partner; `returned` is what of it was taken back at Stripe."""

    id: str
    account: str
    amount: Decimal
    returned: Decimal
    currency: str


def create_account(*, key: UUID, vendor: str, email: str, country: str) -> SeenAccount:
    """Make the account of a partner. Raises stripe.InvalidRequestError for a country that Stripe does not pay to."""
    asked: AccountCreateParams = {
        "type": "express",
        "country": country,
        "email": email,
        "capabilities": {"transfers": {"requested": True}},
        "metadata": {PARTNER: vendor},
    }
    with asking():
        return account_of(stripe_client().v1.accounts.create(asked, {"idempotency_key": f"account-{key}"}).to_dict())


def read_account(account: str) -> SeenAccount:
    """Return an account as it is now; one that was deleted or let go of takes no transfers."""
    with asking():
        try:
            return account_of(stripe_client().v1.accounts.retrieve(account).to_dict())
        except (stripe.PermissionError, stripe.InvalidRequestError) as error:
            if isinstance(error, stripe.InvalidRequestError) and error.code not in ("resource_missing", "account_invalid"):
                raise
            return SeenAccount(account, "", False)


def account_of(thing: Object) -> SeenAccount:
    """Return an account that Stripe told."""
    takes = (thing.get("capabilities") or {}).get("transfers") == "active"
    return SeenAccount(thing["id"], (thing.get("metadata") or {}).get(PARTNER, ""), takes)


def create_onboarding_link(*, account: str, back: str) -> str:
    """Return the address of a page at Stripe where a partner tells who they are; good once, for some minutes."""
    asked: AccountLinkCreateParams = {
        "account": account,
        "type": "account_onboarding",
        "refresh_url": back,
        "return_url": back,
    }
    with asking():
        return stripe_client().v1.account_links.create(asked).url


def create_transfer(*, key: str, group: str, account: str, amount: Decimal, currency: str, note: str) -> SeenTransfer:
    """Move an amount from our balance to a partner's. Raises TransferRefused."""
    asked: TransferCreateParams = {
        "amount": units_of(amount, currency),
        "currency": currency.lower(),
        "destination": account,
        "transfer_group": group,
        "description": note,
        "metadata": {STATEMENT: group},
    }
    with asking():
        try:
            return _transfer(stripe_client().v1.transfers.create(asked, {"idempotency_key": key}).to_dict())
        except stripe.InvalidRequestError as error:
            raise TransferRefused(error.user_message or str(error)) from error


def find_transfer(group: str) -> SeenTransfer | None:
    """Return the transfer of a group, None before there is one."""
    with asking():
        found = stripe_client().v1.transfers.list({"transfer_group": group, "limit": 1}).data
    return _transfer(found[0].to_dict()) if found else None


def _transfer(thing: Object) -> SeenTransfer:
    currency = thing["currency"].upper()
    amount, returned = amount_of(thing["amount"], currency), amount_of(thing["amount_reversed"], currency)
    return SeenTransfer(thing["id"], key_of(thing["destination"]), amount, returned, currency)


def units_of(amount: Decimal, currency: str) -> int:
    """Return an amount in minor units. Raises ValueError for one that has more decimals than its currency."""
    units = amount.scaleb(minor_units(currency))
    if units != units.to_integral_value():
        raise ValueError(f"{amount} {currency} is no whole number of minor units")
    return int(units)
