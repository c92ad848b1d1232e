"""Test cards: what each number and each `pm_card_…` of Stripe's does when it is attached or charged."""

from dataclasses import dataclass

from billing.local_stripe.errors import StripeError, declined


@dataclass(frozen=True)
class Card:
    """A test card; `asks`: '' never for 3-D Secure, 'once' when it is saved, 'always' at every payment."""

    number: str
    brand: str = "visa"
    attaches: bool = True
    decline: str = ""
    asks: str = ""
    disputed: bool = False

    @property
    def last4(self) -> str:
        return self.number[-4:]

    def refusal(self) -> StripeError:
        """Return the error of a charge that this card refuses."""
        if self.decline == "expired_card":
            return declined("expired_card", "Your card has expired.", code="expired_card")
        if self.decline == "insufficient_funds":
            return declined("insufficient_funds", "Your card has insufficient funds.")
        return declined(self.decline or "generic_decline", "Your card was declined.")


CARDS = {
    "visa": Card("4242424242424242"),
    "visa_debit": Card("4000056655665556"),
    "mastercard": Card("5555555555554444", "mastercard"),
    "amex": Card("378282246310005", "amex"),
    "chargeDeclined": Card("4000000000000002", attaches=False, decline="generic_decline"),
    "visa_chargeDeclined": Card("4000000000000002", attaches=False, decline="generic_decline"),
    "chargeDeclinedInsufficientFunds": Card("4000000000009995", attaches=False, decline="insufficient_funds"),
    "visa_chargeDeclinedInsufficientFunds": Card("4000000000009995", attaches=False, decline="insufficient_funds"),
    "chargeDeclinedExpiredCard": Card("4000000000000069", attaches=False, decline="expired_card"),
    "chargeCustomerFail": Card("4000000000000341", decline="generic_decline"),
    "authenticationRequiredOnSetup": Card("4000002500003155", asks="once"),
    "authenticationRequired": Card("4000002760003184", asks="always"),
    "threeDSecure2Required": Card("4000000000003220", asks="always"),
    "threeDSecureRequired": Card("4000000000003063", asks="always"),
    "createDispute": Card("4000000000000259", disputed=True),
}
BY_NUMBER = {card.number: name for name, card in reversed(CARDS.items())}


def by_key(key: str) -> str | None:
    """Return the name of the card that `pm_card_…` or `tok_…` stands for."""
    name = key.removeprefix("pm_card_").removeprefix("tok_")
    return name if name != key and name in CARDS else None
