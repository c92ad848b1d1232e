"""Each demand on what a module declares and how it is written is seen to fire on a planted fault."""

from dataclasses import dataclass, replace
from decimal import Decimal
from types import SimpleNamespace
from uuid import UUID

import pytest
from babel.messages.catalog import Catalog
from tessera import clashes
from tessera.api import Action, Children, List, MenuItem, ModulePrice, Permission, Role, RowScope, Under
from tessera.messages import catalogue_path
from tessera.testing.contract import code, language, manifests, surface, vendors
from tessera.testing.contract.parts import CHECKS

from tests.contract.planting import changed, file, manifest, orders, resource
from tests.contract.test_planted_models import PLANTED as MODELS
from tests.samples.library.resources import BOOK


class Sending:
    name = "orders.quote_send"
    subject: str
    things: set


@dataclass(frozen=True)
class Row:
    price: str


def burn(quote):
    pass


def burn_quote(*, price: float) -> None:
    """Burn a quote."""


burn_quote.path, burn_quote.permission, burn_quote.public = "x", "", False


def action(service, **more):
    return resource("Quote", actions=(Action("burn", service, **more),))


PLANTED = [
    (code.services_are_typed_verbs, lambda part: replace(part, services=(burn,)), "burn is no verb_noun"),
    (code.services_are_typed_verbs, lambda part: replace(part, services=(burn,)), "burn: quote is not keyword-only"),
    (code.services_are_typed_verbs, lambda part: replace(part, services=(burn,)), "burn: quote has no type"),
    (code.services_are_typed_verbs, lambda part: replace(part, services=(burn,)), "burn does not say what it returns"),
    (code.services_are_typed_verbs, lambda part: replace(part, services=(burn,)), "burn has no docstring"),
    (code.only_services_write, file("selectors.py", "row.save()"), "selectors.py:1 calls .save()"),
    (code.only_services_write, file("api.py", "rows.update(price=1)"), "api.py:1 calls .update()"),
    (code.models_only_describe, file("models.py", "class A:\n    def save(self): ..."), "models.py:2 A overrides save()"),
    (
        code.models_only_describe,
        file("apps.py", "from django.db.models.signals import post_save"),
        "apps.py:1 imports django.db.mod",
    ),
    (code.files_are_small_and_named, file("services.py", "\n" * 321), "services.py has 321 lines"),
    (code.files_are_small_and_named, file("utils.py", ""), "utils.py is named utils"),
    (code.imports_follow_the_manifest, file("services.py", "import tessera.models"), "services.py:1 imports tessera.models"),
    (code.imports_follow_the_manifest, file("services.py", "from modules.base import models"), "imports modules.base.models"),
    (code.imports_follow_the_manifest, file("services.py", "from tenants.models import Tenant"), "imports tenants.models"),
    (code.lint_rules_hold, file("services.py", "import pickle"), "services.py:1 pickled"),
    (language.titles_can_be_translated, manifest(title="Orders"), "the module's title is 'Orders', which is not translatable"),
    (
        language.shown_columns_have_names,
        lambda part: replace(part, resources=(BOOK,)),
        "Book.title has no translatable verbose_name",
    ),
    (manifests.manifest_is_valid, manifest(depends=("nothing",)), "orders depends on nothing, which is not installed"),
    (manifests.manifest_is_valid, manifest(version="soon"), "the version 'soon' is no version"),
    (manifests.manifest_is_valid, manifest(platform=">=9"), "orders needs platform >=9"),
    (vendors.names_carry_the_vendor, manifest(vendor="acme"), "orders: the resource is named SalesOrder, without the prefix"),
    (manifests.manifest_is_valid, manifest(vendor="Acme Ltd"), "orders states the vendor 'Acme Ltd': 2 to 20 small letters"),
    (manifests.manifest_is_valid, manifest(price=ModulePrice(Decimal(5), "USD")), "orders states a price that is no tuple"),
    (manifests.permissions_are_named, manifest(permissions=(Permission("orders.Print", ""),)), "orders.Print is not"),
    (
        manifests.permissions_are_demanded,
        manifest(permissions=(Permission("orders.quote_burn", ""),)),
        "orders.quote_burn is declared",
    ),
    (
        manifests.demanded_permissions_are_declared,
        lambda part: replace(part, services=(SimpleNamespace(permission="orders.quote_burn"),)),
        "orders.quote_burn is demanded, but",
    ),
    (manifests.roles_name_rights, manifest(roles={"x": Role("", ("orders.no_*",))}), "role x: orders.no_* stands for no right"),
    (manifests.roles_name_rights, manifest(roles={"x": Role("", (), reach="far")}), "role x: 'far' is no reach"),
    (manifests.menu_leads_somewhere, manifest(menu=(MenuItem("x", "Lead"),)), "menu x: there is no resource Lead"),
    (
        manifests.menu_leads_somewhere,
        manifest(menu=(MenuItem("x", "Quote", "orders.no"),)),
        "menu x: there is no right orders.no",
    ),
    (surface.facts_are_in_the_past_tense, lambda part: replace(part, events=(Sending,)), "orders.quote_send does not say what"),
    (surface.facts_are_in_the_past_tense, lambda part: replace(part, events=(Sending,)), "orders.quote_send has no docstring"),
    (surface.facts_are_in_the_past_tense, lambda part: replace(part, events=(Sending,)), "things is no plain value"),
    (surface.facts_are_in_the_past_tense, lambda part: replace(part, events=(Sending,)), "its subject is no UUID"),
    (
        surface.facts_are_in_the_past_tense,
        lambda part: replace(part, events=(type("Foreign", (Sending,), {"name": "sales.a_sent"}),)),
        "has not the label",
    ),
    (
        surface.listeners_hear_something,
        lambda part: replace(part, handlers=(("orders.x_done", burn),)),
        "listens to orders.x_done, which",
    ),
    (
        surface.listeners_hear_something,
        lambda part: replace(part, handlers=(("orders.x", lambda event, more: None),)),
        "takes the event",
    ),
    (surface.listeners_hear_something, lambda part: replace(part, hooks=(("x.y", lambda: None),)), "a hook takes the fact"),
    (surface.resources_name_columns, resource("Quote", fields=("nothing",)), "Quote: fields names nothing, which is no column"),
    (surface.resources_name_columns, resource("Quote", order=("number", "number")), "Quote: order names number twice"),
    (
        surface.resources_name_columns,
        resource("Quote", search=("gross_total",)),
        "Quote: search names gross_total, which is no text",
    ),
    (surface.resources_name_columns, resource("Quote", writable=("posting_date",)), "posting_date can be written but not read"),
    (surface.resources_name_columns, resource("Quote", writable=("state",)), "state can be written, but the platform keeps it"),
    (
        surface.resources_name_columns,
        resource("Quote", field_rights={"nothing": "x"}),
        "field_rights names nothing, which is not",
    ),
    (surface.resources_name_columns, resource("Quote", scope=RowScope(owner="x")), "its scope x: Quote has no column x"),
    (surface.resources_name_columns, resource("Quote", scope=RowScope(owner="number__x")), "it goes on after a plain column"),
    (surface.resources_name_columns, resource("Quote", import_key=("x",)), "import_key names x, which is no column"),
    (surface.resources_name_columns, resource("Quote", views=(List(("x",)),)), "a List draws x, which is not shown"),
    (
        surface.models_are_shown_or_kept,
        lambda part: replace(part, resources=(BOOK,)),
        "Book shows library.Book, which is another",
    ),
    (
        surface.models_are_shown_or_kept,
        resource("Quote", fields=("number",)),
        "Quote can be changed, but does not show its version",
    ),
    (surface.models_are_shown_or_kept, resource("Quote", children=(Children("x", UUID, "y"),)), "Quote.x: UUID has no resource"),
    (
        surface.models_are_shown_or_kept,
        resource("Quote", under=(Under("base.No", "x", "y"),)),
        "under base.No, which has no resource",
    ),
    (surface.verbs_are_services, action(burn), "Quote.burn is no service"),
    (surface.verbs_are_services, action(burn_quote), "Quote.burn demands no right"),
    (surface.verbs_are_services, action(burn_quote), "Quote.burn: price is a float"),
    (surface.verbs_are_services, action(burn_quote, states=("burnt",)), "Quote.burn is for the states burnt, which it has not"),
    (
        surface.verbs_are_services,
        lambda part: replace(part, mutations=(SimpleNamespace(name="x", service=burn),)),
        "x is no service",
    ),
    (
        surface.reports_are_typed,
        lambda part: replace(part, reports=(changed(part.reports[0], permission=""),)),
        "demands no right",
    ),
    (
        surface.reports_are_typed,
        lambda part: replace(part, reports=(changed(part.reports[0], selector=burn),)),
        "burn has no docstring",
    ),
    (
        surface.reports_are_typed,
        lambda part: replace(part, reports=(changed(part.reports[0], selector=burn),)),
        "not say what it returns",
    ),
    (
        surface.imports_take_typed_rows,
        lambda part: replace(part, importers=(changed(part.importers[0], permission=""),)),
        "demands no",
    ),
    (
        surface.imports_take_typed_rows,
        lambda part: replace(part, importers=(changed(part.importers[0], row=Row),)),
        "its service takes rows: list[Row], and nothing else",
    ),
    (
        surface.imports_take_typed_rows,
        lambda part: replace(part, importers=(changed(part.importers[0], row=Row, at_once=0),)),
        "the row has ['price']",
    ),
    (surface.schema_of_the_closure_builds, resource("Quote", name="Ghost"), "Ghost is not in it"),
]


@pytest.mark.parametrize(
    ("check", "plant", "sentence"), PLANTED, ids=[f"{check.__name__}-{at}" for at, (check, _, _) in enumerate(PLANTED)]
)
def test_a_planted_fault_is_named(check, plant, sentence):
    found = list(check(plant(orders())))
    assert [each for each in found if sentence in each] != [], found


def test_a_text_without_a_translation_is_named(monkeypatch):
    monkeypatch.setattr(language, "read_catalogue", lambda path: Catalog(locale="zh_Hans"))
    assert any("not translated: 'Quote'" in each for each in language.texts_are_translated(orders()))


def test_a_text_that_another_app_translates_differently_is_named(monkeypatch):
    real = clashes.read_catalogue

    def read(path):
        known = real(path)
        if path == catalogue_path(orders().module, "zh_Hans"):
            known.add("account", "往来账户")  # accounts has it without a context
        return known

    monkeypatch.setattr(clashes, "read_catalogue", read)
    assert list(language.texts_are_shown_as_translated(orders())) == [
        "zh_Hans: 'account' is '往来账户' in orders, '账户' in access, accounts; '账户' is shown"
    ]


def test_a_type_of_a_module_that_is_off_is_named(monkeypatch):
    real = surface.build
    monkeypatch.setattr(surface, "build", lambda labels: SimpleNamespace(type_map={**real(labels).type_map, "Lead": None}))
    assert "it has Lead of sales, which is off" in list(surface.schema_of_the_closure_builds(orders()))


def test_every_demand_has_been_seen_to_fire():
    seen = {check.__name__ for check, _, _ in (*PLANTED, *MODELS)} | {"texts_are_translated", "texts_are_shown_as_translated"}
    assert {check.name for check in CHECKS} == seen


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_nothing_fires_on_a_module_without_fault(check):
    assert list(check.find(orders())) == []
