"""Leaks, each planted in a gate that is there: the sweep has to find every one of them."""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.models import Q
from tessera import models, scope, signing, tenant_cache
from tessera.accounts import authentication
from tessera.accounts.models import TenantSession
from tessera.audit import selectors as audit
from tessera.context import current, current_or_none, instead, system
from tessera.db.guard.base import EXTENSIONS, DatabaseWrapper
from tessera.errors import Refused
from tessera.files import storage
from tessera.graph import (
    aggregates,
    cursors,
    filters,
    inputs,
    json_sql,
    mutations,
    pages,
    paging,
    plan,
    search_all,
    statements,
    verbs,
)
from tessera.graph.sql_text import Sql

from frontend_api import views
from modules.base.resources import parties
from tenants import middleware


@dataclass(frozen=True)
class Plant:
    """What is planted, in which world, and the part of the sweep that has to find it."""

    world: str
    part: str
    plant: Callable[[Any, Any], None]


PLANTS: dict[str, Plant] = {}


def planted(world: str, part: str) -> Callable[[Callable[[Any, Any], None]], Callable[[Any, Any], None]]:
    """Register a leak; its function gets pytest's monkeypatch and the world."""

    def register(function: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        PLANTS[function.__name__] = Plant(world, part, function)
        return function

    return register


def all_rows(resource: Any, *_more: Any, **_options: Any) -> Any:
    """Stand for `scoped` without the scope."""
    return resource.model._default_manager.all()


@planted("companies", "pages")
def the_guard_is_off(patch: Any, world: Any) -> None:
    """Something turns the connection behind our back once the member is known, and nothing compares the path."""
    found = views.answer_here

    def answer_here(*asked: Any) -> Any:
        if current().tenant.id == world.asked.tenant.pk:
            connections["default"].connection.execute(f"SET search_path = {world.other.tenant.schema_name}, {EXTENSIONS}")
            patch.setattr(DatabaseWrapper, "_handle_search_path", lambda self, cursor=None: None)
        return found(*asked)

    patch.setattr(views, "answer_here", answer_here)


@planted("companies", "pages")
def the_path_is_of_the_wrong_tenant(patch: Any, world: Any) -> None:
    wanted = DatabaseWrapper.wanted_path

    def wanted_path(self: DatabaseWrapper) -> tuple[str, ...]:
        here = current_or_none()
        known = here is not None and here.actor.kind == "member" and here.tenant.id == world.asked.tenant.pk
        return (world.other.tenant.schema_name, EXTENSIONS) if known else wanted(self)

    patch.setattr(DatabaseWrapper, "wanted_path", wanted_path)


@planted("companies", "pages")
def hosts_are_kept_without_their_names(patch: Any, world: Any) -> None:
    found = middleware.place_of
    patch.setattr(middleware, "place_of", lambda _host: found(world.other.host))
    patch.setattr(world.asked, "secret", world.other.secret)


@planted("companies", "pages")
def pages_are_kept_without_the_tenant(patch: Any, world: Any) -> None:
    kept: dict[Any, Any] = {}
    read, run = pages.ConnectionPlan.root, statements.Call._run
    patch.setattr(pages.ConnectionPlan, "root", lambda self: kept.setdefault(self.shape.name, read(self)))
    patch.setattr(
        statements.Call, "_run", lambda self, found: kept.setdefault(tuple(each.text for each, _ in found), run(self, found))
    )
    for text in list(world.parts()["pages"]())[:3]:
        world.other.post(text)


@planted("companies", "changes")
def a_refusal_names_the_row_of_another_tenant(patch: Any, world: Any) -> None:
    locked = verbs.lock_row

    def lock_row(*, resource: Any, key: UUID, **more: Any) -> Any:
        try:
            return locked(resource=resource, key=key, **more)
        except Refused:
            row = next(
                (made for (model, _), made in world.other.rows.made.items() if model is resource.model and made.pk == key), ""
            )
            raise Refused("NOT_FOUND", f"There is no {vars(row) if row else 'such record'}.", "id") from None

    patch.setattr(verbs, "lock_row", lock_row)


@planted("companies", "carried")
def rows_are_not_stamped(patch: Any, world: Any) -> None:
    patch.setattr(models, "_stamp", lambda row: None)


@planted("companies", "carried")
def cache_keys_have_no_tenant(patch: Any, world: Any) -> None:
    patch.setattr(tenant_cache, "key_of", lambda name: f"sys:planted:{name}")


@planted("companies", "carried")
def signatures_have_no_tenant(patch: Any, world: Any) -> None:
    patch.setattr(signing, "_salt", lambda purpose: purpose)


@planted("companies", "carried")
def cursors_have_no_tenant(patch: Any, world: Any) -> None:
    nobody = SimpleNamespace(tenant=SimpleNamespace(id=""))
    patch.setattr(cursors, "current", lambda: nobody)
    for place in (world.asked, world.other):
        patch.setattr(place, "cursors", {})
        place.read_cursors(shape.resource for shape in world.schema.extensions["shapes"] if shape.name == "Party")


@planted("companies", "carried")
def files_have_no_tenant(patch: Any, world: Any) -> None:
    patch.setattr(storage, "_own", lambda path: path)


@planted("companies", "carried")
def answers_are_kept_for_all_tenants(patch: Any, world: Any) -> None:
    kept: dict[str, Any] = {}

    def claim_key(*, key: str, request_hash: str) -> tuple[Any, bool]:
        known = key in kept
        return kept.setdefault(key, SimpleNamespace(answer="")), not known

    patch.setattr(mutations, "claim_key", claim_key)
    patch.setattr(mutations, "keep_answer", lambda *, claimed, answer: setattr(claimed, "answer", answer))


@planted("companies", "carried")
def sessions_are_good_everywhere(patch: Any, world: Any) -> None:
    of_tenant = authentication.session_of

    def anywhere(tenant: Any, *, hash: str) -> Any:
        where = TenantSession.objects.filter(hash=hash).values_list("tenant_id", flat=True).first()
        return of_tenant(where or tenant, hash=hash)

    patch.setattr(authentication, "session_of", anywhere)


@planted("colleagues", "pages")
def lists_ignore_the_scope(patch: Any, world: Any) -> None:
    patch.setattr(pages, "scoped", all_rows)


@planted("colleagues", "pages")
def relations_ignore_the_scope(patch: Any, world: Any) -> None:
    patch.setattr(plan, "scoped", all_rows)
    patch.setattr(json_sql, "scoped", all_rows)


@planted("colleagues", "pages")
def fields_ignore_their_rights(patch: Any, world: Any) -> None:
    patch.setattr(plan, "current", lambda: SimpleNamespace(actor=system("planted")))


@planted("colleagues", "nested")
def the_audit_ignores_rights(patch: Any, world: Any) -> None:
    patch.setattr(audit, "_readable", lambda resource, column: True)


@planted("colleagues", "pages")
def notes_ignore_their_records(patch: Any, world: Any) -> None:
    patch.setattr(scope, "_on_visible_records", lambda actor: Q())


@planted("colleagues", "counts")
def counts_ignore_the_scope(patch: Any, world: Any) -> None:
    read = pages.ConnectionPlan.root

    def root(self: Any) -> Any:
        made = read(self)
        return made | {name: all_rows(self.shape.resource).count() for name, kind, _ in self.parts if kind == "totalCount"}

    def total(_self: Any, pieces: Any, plan: Any, _parent: str) -> None:
        pieces.add(Sql(f"(SELECT count(*) FROM {plan.shape.model._meta.db_table})"))

    patch.setattr(pages.ConnectionPlan, "root", root)
    patch.setattr(json_sql.Writer, "_total", total)


@planted("colleagues", "nested")
def nested_lists_ignore_the_scope(patch: Any, world: Any) -> None:
    rows = pages.ConnectionPlan.rows

    def unscoped(self: Any) -> Any:
        if not self.key or self.label:
            return rows(self)
        return all_rows(self.shape.resource).filter(self.condition)

    patch.setattr(pages.ConnectionPlan, "rows", unscoped)


@planted("colleagues", "narrowed")
def filters_ignore_the_rights_of_fields(patch: Any, world: Any) -> None:
    member = filters.Conditions._member

    def unchecked(self: Any, *given: Any) -> Any:
        with instead(SimpleNamespace(actor=system("planted"), modules=current().modules)):
            return member(self, *given)

    patch.setattr(filters.Conditions, "_member", unchecked)


@planted("colleagues", "narrowed")
def orders_ignore_the_rights_of_fields(patch: Any, world: Any) -> None:
    patch.setattr(paging, "current", lambda: SimpleNamespace(actor=system("planted")))


@planted("colleagues", "keys")
def keys_in_inputs_ignore_the_scope(patch: Any, world: Any) -> None:
    patch.setattr(inputs, "scoped", all_rows)


@planted("colleagues", "narrowed")
def filters_through_relations_ignore_the_scope(patch: Any, world: Any) -> None:
    patch.setattr(filters, "scoped", all_rows)


@planted("colleagues", "grouped")
def groups_ignore_the_scope(patch: Any, world: Any) -> None:
    patch.setattr(aggregates, "scoped", all_rows)


@planted("colleagues", "grouped")
def groups_ignore_the_rights_of_fields(patch: Any, world: Any) -> None:
    patch.setattr(aggregates, "current", lambda: SimpleNamespace(actor=system("planted"), tenant=current().tenant))


@planted("colleagues", "searched")
def a_search_of_everything_ignores_the_scope(patch: Any, world: Any) -> None:
    patch.setattr(search_all, "scoped", all_rows)
    patch.setattr(plan, "scoped", all_rows)


@planted("colleagues", "reports")
def a_report_ignores_the_scope(patch: Any, world: Any) -> None:
    patch.setattr(parties, "visible_rows", lambda model: model.objects.all())
