"""People who work over HTTP, each hired with the rights of its work and no others."""

import json
from typing import Any

import pytest
from django.test import Client
from tessera.access.models import Member
from tessera.access.tests.people import make_role
from tessera.accounts.services import issue_code
from tessera.accounts.tests.hosts import host_of, join, make_account
from tessera.context import system
from tessera.graph.ids import encode
from tessera.story.client import literal
from tessera.testing.plugin import entered


class Person:
    """A member with a token of its own."""

    def __init__(self, tenant: Any, member: Member, account: Any) -> None:
        self.member = member
        self.id = encode("Member", member.pk)
        self.client = Client(HTTP_HOST=host_of(tenant))
        code = issue_code(account=account, tenant_id=tenant.id)
        answer = self.client.post("/session", json.dumps({"code": code}), content_type="application/json").json()
        self.client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {answer['token']}"

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """Send a document and return the whole answer."""
        body = json.dumps({"query": document, "variables": variables})
        return self.client.post("/graphql", body, content_type="application/json").json()

    def see(self, document: str, **variables: Any) -> dict[str, Any]:
        """Ask for data that must come without an error."""
        answer = self.ask(document, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    def try_to(self, mutation: str, select: str = "id", **arguments: Any) -> dict[str, Any]:
        """Run a mutation with literal arguments and return its payload, refusals included."""
        given = ", ".join(f"{name}: {literal(value)}" for name, value in arguments.items())
        body = f"mutation {{ {mutation}({given}) {{ node {{ {select} }} userErrors {{ code field }} }} }}"
        return self.see(body)[mutation]

    def do(self, mutation: str, select: str = "id", **arguments: Any) -> dict[str, Any]:
        """Run a mutation that must succeed; return its node."""
        payload = self.try_to(mutation, select, **arguments)
        assert payload["userErrors"] == [], payload
        return payload["node"]

    def refused(self, mutation: str, **arguments: Any) -> list[tuple[str, str]]:
        """Run a mutation that must be refused; return code and field of each finding."""
        return [(each["code"], ".".join(each["field"])) for each in self.try_to(mutation, **arguments)["userErrors"]]


@pytest.fixture
def hire(tenant: Any) -> Any:
    """Return a function that hires somebody with rights (`reach` applies to all of them)."""

    def start(name: str, *rights: str, reach: str = "all") -> Person:
        account = make_account(f"{name}@example.com", name=name.title())
        with entered(tenant, actor=system("test")):
            role = make_role(f"what {name} does", **{right.replace(".", "__"): reach for right in rights})
        return Person(tenant, join(tenant, account, role), account)

    return start
