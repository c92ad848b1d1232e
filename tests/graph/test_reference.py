"""The reference names everything that the schema has, and where it is."""

import re
from datetime import date

import pytest
from django.core.management import CommandError, call_command
from graphql import GraphQLInterfaceType, GraphQLScalarType, GraphQLUnionType
from tessera.events import EVENTS
from tessera.graph.build import build
from tessera.graph.reference import reference
from tessera.graph.reference_accounts import accounts_page
from tessera.module import modules
from tessera.resource import RESOURCES, Deprecated

from frontend_api.accounts_api import schema_for_accounts
from frontend_api.management.commands import schema as command

# What the first page tells by a rule, and the roots themselves.
BY_RULE = re.compile(
    r"(Connection|Edge|Filter|ListFilter|Comparison|OrderBy|OrderField|Payload|Group\w*|Sums|Ranges|Measures|Bulk\w+Input|Result)$"
)
ROOTS = {"Query", "Mutation", "Subscription", "PageInfo"}


@pytest.fixture(scope="module")
def schema():
    return build(frozenset(modules()))


@pytest.fixture(scope="module")
def pages(schema):
    return reference(schema)


def test_every_root_field_is_named(schema, pages):
    text = "".join(pages.values())
    told = {*schema.query_type.fields, *schema.mutation_type.fields, *schema.subscription_type.fields}
    assert [name for name in sorted(told) if not name.endswith("Aggregate") and f"`{name}`" not in text] == []


def test_every_type_is_told_once_unless_it_follows_from_a_rule(schema, pages):
    text = "".join(pages.values())
    inputs = {arguments["input"].type for field in schema.mutation_type.fields.values() if "input" in (arguments := field.args)}
    told_there = {str(kind).rstrip("!") for kind in inputs}  # each beside its mutation
    rest = [
        name
        for name, kind in schema.type_map.items()
        if not isinstance(kind, (GraphQLScalarType, GraphQLInterfaceType, GraphQLUnionType))
        and not (name.startswith("__") or BY_RULE.search(name) or name in ROOTS | told_there)
    ]
    assert len(rest) > 200
    counts = {name: len(re.findall(rf"^(?:## |- \*\*`){name}(?:$|`)", text, re.MULTILINE)) for name in rest}
    assert {name: count for name, count in counts.items() if count != 1} == {}


def test_a_page_tells_rights_types_and_refusals(pages):
    page = pages["sales"]
    assert "Read by `lead`, `leads` with the right `sales.lead_view`." in page
    assert "| `state` | `LeadState!` | filter |" in page
    assert "- **`leadConvert`** (right `sales.lead_convert`) answers node `Opportunity`, or a hold." in page
    assert "`amount` | `Decimal` | right `sales.opportunity_amount_view`" in page
    assert "codes of its own: `DUPLICATE`" in page


def test_the_first_page_tells_how_lists_are_filtered(pages):
    assert "- **`StringComparison`**, input: `eq: String`" in pages["README"]
    assert "- **`Direction`**, one of `ASC`, `DESC`." in pages["README"]


def test_a_page_names_the_facts_that_webhooks_are_told(pages):
    assert "- **`sales.lead_assigned`**: A lead has an owner, by a rule or by hand. Says `owner`, `rule`.\n" in pages["sales"]
    assert "- **`access.member_joined`**: " in pages["platform"]
    told = re.findall(r"^- \*\*`(\w+\.\w+)`\*\*: ", "".join(pages.values()), re.MULTILINE)
    of_tests = {name for name, fact in EVENTS.items() if "tests" in fact.__module__.split(".")}
    assert sorted(told) == sorted(EVENTS.keys() - of_tests)


def test_what_is_to_leave_says_so(monkeypatch):
    monkeypatch.setitem(vars(RESOURCES["Book"]), "deprecated", {"title": Deprecated("Ask for `title`.", until=date(2031, 5, 1))})
    page = reference(build(frozenset(modules())))["library"]
    assert "**Deprecated**: Ask for `title`. It stays until 2031-05-01." in page


def test_a_page_that_is_not_what_the_code_says_fails_the_check(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "PAGES", tmp_path)
    with pytest.raises(CommandError, match=r"README\.md, accounts\.md, base\.md, .* differ from the code"):
        call_command("schema", check=True)


def test_the_accounts_host_has_a_page_that_tells_all_it_offers():
    accounts = schema_for_accounts()
    page = accounts_page(accounts)
    roots = {*accounts.query_type.fields, *accounts.mutation_type.fields}
    assert roots >= {"plans", "signUp", "devices"}
    assert {name for name in roots if page.count(f"- **`{name}`**") != 1} == set()
    assert "  Takes choice? `SignUpChoice`, company `String!`," in page
    assert "- **`SignUpChoice`**, input: `plan: String!`, `interval: String`" in page
    assert "  - `overageUnit`: How much a metered unit is, in the unit of `included`.\n" in page
