"""People of a tenant who ask its API over HTTP with a token."""

import json
from typing import Any

from django.conf import settings
from django.test import Client
from tessera.access.models import Member
from tessera.access.selectors import actor_of
from tessera.access.services import issue_token
from tessera.access.tests.people import make_ada, make_bob, make_role
from tessera.accounts.models import Account
from tessera.context import system
from tessera.testing.plugin import entered


class Person:
    """A member with a token; `ask` returns the body of the answer."""

    def __init__(self, tenant: Any, name: str, make: Any) -> None:
        account = Account.objects.create_user(f"{name}@example.com")
        with entered(tenant, actor=system("test")):
            self.member: Member = make(account.pk)
            actor = actor_of(self.member)
        with entered(tenant, actor=actor):
            secret = issue_token(name="test", scopes=["*"]).secret
        self.client = Client(HTTP_HOST=f"{tenant.slug}.{settings.BASE_DOMAIN}", HTTP_AUTHORIZATION=f"Bearer {secret}")

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        body = json.dumps({"query": document, "variables": variables})
        return self.client.post("/graphql", body, content_type="application/json").json()

    def data(self, document: str, **variables: Any) -> dict[str, Any]:
        """Ask what is answered without errors."""
        body = self.ask(document, **variables)
        assert "errors" not in body, body["errors"]
        return body["data"]

    def codes(self, document: str, **variables: Any) -> list[str]:
        """Ask what is refused; return the codes."""
        return [error["extensions"]["code"] for error in self.ask(document, **variables)["errors"]]


def owner_of(tenant: Any, name: str = "ada") -> Person:
    """Return who owns the tenant: ada, or somebody with another address."""
    return Person(tenant, name, make_ada)


def member_of(tenant: Any, **rights: str) -> Person:
    """Return bob, who holds what every member does and `rights` (see `make_role`)."""

    def make(account: Any) -> Member:
        return make_bob(account, make_role("clerk", access__token_issue="own", **rights))

    return Person(tenant, "bob", make)
