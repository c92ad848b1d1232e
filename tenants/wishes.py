"""What somebody chose before signing up, such as a plan: the settings name who understands it (`billing.signup`).

Here it is only carried, as JSON: from the page of prices through the sign-up to the new tenant.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast

from django.conf import settings

from tenants.models import Tenant

Wish = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """A wish in words; `problem` says why it cannot be had any more, "" where it can."""

    text: str
    problem: str = ""


class Wishes(Protocol):
    """Who understands what is wished."""

    def read(self, asked: Mapping[str, list[str]]) -> Wish | None:
        """Return the wish in the parameters of an address; None where there is none."""

    def check(self, wish: Wish) -> None:
        """Raise Refused where a wish cannot be had, or not any more."""

    def tell(self, wish: Wish) -> Told:
        """Return a wish in words of the reader's language."""

    def keep(self, tenant: Tenant, wish: Wish) -> None:
        """Keep a wish for a tenant, once, in the public transaction in force."""


def wishes() -> Wishes | None:
    """Return who understands wishes; None where nobody does."""
    return cast(Wishes, import_module(settings.TESSERA_SIGN_UP_WISHES)) if settings.TESSERA_SIGN_UP_WISHES else None


def read_wish(asked: Mapping[str, list[str]]) -> Wish | None:
    """Return the wish in the parameters of an address; None where there is none, or nobody understands it."""
    found = wishes()
    return found.read(asked) if found else None


def check_wish(wish: Wish | None) -> None:
    """Raise Refused where a wish cannot be had."""
    if wish is not None and (found := wishes()):
        found.check(wish)


def told_wish(wish: Wish | None) -> Told | None:
    """Return a wish in words, None for none."""
    found = wishes()
    return found.tell(wish) if found and wish is not None else None


def keep_wish(tenant: Tenant, wish: Wish | None) -> None:
    """Hand a wish over to who understands it."""
    if wish is not None and (found := wishes()):
        found.keep(tenant, wish)
