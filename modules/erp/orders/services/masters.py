"""What documents are drafted from: roles, addresses, units, taxes, rates; read once for any number of documents."""

from collections.abc import Iterable
from datetime import date
from functools import cached_property
from uuid import UUID

from modules.base.api import (
    Address,
    Company,
    Conversions,
    Item,
    Party,
    PartyRole,
    QuotedRate,
    Tax,
    TaxRules,
    rate_on,
    roles_of,
    standing_for,
)


class Masters:
    """The masters that documents of one company with some parties need; each is read when it is first asked for.

    `items` are those that will be asked for; others are read as they come.
    """

    def __init__(self, company: Company, parties: Iterable[Party], items: Iterable[Item] = ()) -> None:
        self.company = company
        self._standing = {party.pk: standing_for(party).pk for party in parties}
        self._items = set(items)
        self._rates: dict[tuple[str, str, date], QuotedRate] = {}

    @cached_property
    def _roles(self) -> dict[UUID, PartyRole]:
        return roles_of(parties=set(self._standing.values()), company=self.company.pk, role=PartyRole.Role.CUSTOMER)

    def role_of(self, party: UUID) -> PartyRole | None:
        """Return what a party, or the one that stands for it, is to the company as a customer."""
        return self._roles.get(self._standing.get(party, party))

    @cached_property
    def _addresses(self) -> dict[UUID, dict[str, Address]]:
        found: dict[UUID, dict[str, Address]] = {}
        for address in Address.objects.filter(party__in=set(self._standing.values())).order_by(
            "-id"
        ):  # of two of a kind the first one stays
            found.setdefault(address.party_id, {})[address.kind] = address
        return found

    def address_of(self, party: UUID, kind: str) -> Address | None:
        """Return a party's address of a kind, or its main one."""
        found = self._addresses.get(party, {})
        return found.get(kind) or found.get(Address.Kind.MAIN)

    @cached_property
    def tax_rules(self) -> TaxRules:
        """Return the rules by which what is sold is taxed."""
        return TaxRules(Tax.Side.SALE)

    @cached_property
    def _conversions(self) -> Conversions:
        return Conversions(self._items)

    def conversions_of(self, items: set[Item]) -> Conversions:
        """Return the unit conversions of items."""
        return self._conversions if self._items and items <= self._items else Conversions(items)

    def rate_on(self, *, currency: str, quote: str, on: date) -> QuotedRate:
        """Return the rate of a currency in another on a day."""
        key = (currency, quote, on)
        if key not in self._rates:
            self._rates[key] = rate_on(currency=currency, quote=quote, on=on)
        return self._rates[key]
