"""Each fault that would make tenants unsafe is planted, and refused by name."""

from dataclasses import replace

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.test.utils import isolate_apps
from tessera.accounts.models import Account
from tessera.audit.models import AuditEntry
from tessera.context import TenantRef, enter, system
from tessera.db import boot, checks
from tessera.db.boot import Facts, gather, problems_of, refuse_unsafe
from tessera.fields import new_id
from tessera.models import Model

SAFE = Facts(
    server="one",
    is_superuser=False,
    bypasses_rls=False,
    creates_schemas=False,
    creates_in_public=False,
    uses_extensions=True,
    creates_in_extensions=False,
    becomes_owner=True,
    searches=True,
    tenant_tables_in_public=(),
    max_connections=100,
    version=180006,
    reports_search_path=True,
)


def ids(errors) -> list[str]:
    return sorted(error.id for error in errors)


def test_the_product_has_no_fault(_database):
    for check in (checks.check_aliases, checks.check_apps, checks.check_models, checks.check_public_models):
        assert check(None) == []


@isolate_apps("tessera.numbering")
def test_a_model_outside_the_kernels_base_is_refused():
    class Stray(models.Model):
        class Meta:
            app_label = "numbering"

    assert ids(checks.faults_of(Stray)) == ["tessera.E021", "tessera.E022"]


@isolate_apps("tessera.numbering")
def test_a_table_without_its_apps_name_is_refused():
    class Stray(Model):
        class Meta(Model.Meta):
            app_label = "numbering"
            db_table = "stray"

    assert ids(checks.faults_of(Stray)) == ["tessera.E023"]


@isolate_apps("tessera.numbering", "tessera.audit", "tessera.accounts", "django.contrib.contenttypes")
def test_relations_that_leave_the_tenant_or_cascade_across_apps_are_refused():
    class Stray(Model):
        public = models.ForeignKey(Account, on_delete=models.DO_NOTHING, related_name="+")
        cascading = models.ForeignKey(AuditEntry, on_delete=models.CASCADE, related_name="+")
        backwards = models.ForeignKey(AuditEntry, on_delete=models.DO_NOTHING, related_name="strays")
        right = models.ForeignKey(AuditEntry, on_delete=models.DO_NOTHING, related_name="+")
        own = models.ForeignKey("self", on_delete=models.PROTECT, related_name="children")

        class Meta(Model.Meta):
            app_label = "numbering"

    found = {(error.id, error.msg.split()[0]) for error in checks.faulty_relations(Stray)}
    assert found == {
        ("tessera.E030", "numbering.Stray.public"),
        ("tessera.E031", "numbering.Stray.cascading"),
        ("tessera.E032", "numbering.Stray.backwards"),
    }


@isolate_apps("tessera.numbering")
def test_a_hidden_table_and_a_late_constraint_are_refused():
    class Stray(Model):
        friends = models.ManyToManyField("self")
        name = models.TextField()

        class Meta(Model.Meta):
            app_label = "numbering"
            constraints = [models.UniqueConstraint(fields=["name"], name="late", deferrable=models.Deferrable.DEFERRED)]

    assert ids(checks.faulty_constraints(Stray)) == ["tessera.E040"]
    assert ids(checks.faults_of(Stray.friends.through)) == ["tessera.E020"]


def test_a_public_table_that_points_into_tenants_is_refused(monkeypatch):
    with isolate_apps("tenants", "tessera.audit"):

        class Stray(models.Model):
            entry = models.ForeignKey(AuditEntry, on_delete=models.CASCADE)

            class Meta:
                app_label = "tenants"

        monkeypatch.setattr(checks, "public_models", lambda: [Stray])
        assert ids(checks.check_public_models(None)) == ["tessera.E033"]


def test_an_app_and_a_table_in_both_places_are_refused(settings, monkeypatch):
    settings.TENANT_APPS = [*settings.TENANT_APPS, "django.contrib.sessions"]
    assert ids(checks.check_apps(None)) == ["tessera.E010"]
    settings.TENANT_APPS = settings.TENANT_APPS[:-1]
    monkeypatch.setattr(AuditEntry._meta, "db_table", "tenants_tenant")
    assert ids(checks.check_apps(None)) == ["tessera.E011"]


def test_aliases_in_each_others_place_are_refused(monkeypatch):
    aliases = {"default": checks.connections["shared"], "shared": checks.connections["default"]}
    monkeypatch.setattr(checks, "connections", aliases)
    assert ids(checks.check_aliases(None)) == ["tessera.E001", "tessera.E002"]


def test_aliases_that_part_are_refused(settings, monkeypatch):
    monkeypatch.setitem(settings.DATABASES["shared"], "NAME", "elsewhere")
    assert ids(checks.check_aliases(None)) == ["tessera.E003"]


def test_a_safe_server_is_not_refused():
    assert problems_of({"default": SAFE, "shared": SAFE}) == []


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"server": "two"}, "the aliases default and shared lead to two servers or databases"),
        ({"version": 170004}, "default: PostgreSQL 18 or later is needed, this is 17"),
        ({"reports_search_path": False}, "default: the search path is not reported back; is there a transaction pooler"),
        ({"is_superuser": True}, "is a superuser"),
        ({"bypasses_rls": True}, "bypasses row security"),
        ({"creates_schemas": True}, "can create schemas"),
        ({"creates_in_public": True}, "can create tables in public"),
        ({"creates_in_extensions": True}, "can create functions in ext"),
        ({"uses_extensions": False}, "has no USAGE on the schema ext"),
        ({"becomes_owner": False}, "may not SET ROLE tessera_owner"),
        ({"searches": False}, "the schema ext has not the functions of search"),
        ({"tenant_tables_in_public": ("audit_auditentry",)}, "tables of tenants lie in public: audit_auditentry"),
        ({"max_connections": 3}, "the server allows 3"),
    ],
)
def test_each_fault_of_the_server_is_named(fault, sentence):
    found = problems_of({"default": replace(SAFE, **fault), "shared": SAFE})
    assert len(found) == 1
    assert sentence in found[0]


def test_all_faults_are_named_at_once(_database, monkeypatch):
    bad = replace(SAFE, is_superuser=True, version=150000)
    monkeypatch.setattr(boot, "gather", lambda alias: bad)
    monkeypatch.setattr(AuditEntry._meta, "db_table", "stray")
    with pytest.raises(ImproperlyConfigured) as refused:
        refuse_unsafe()
    text = str(refused.value)
    assert "tessera.E023" in text and "is a superuser" in text and text.count("PostgreSQL 18 or later") == 2


def test_the_facts_are_asked_of_the_real_server(_database):
    with enter(TenantRef(new_id(), "t_boot"), actor=system("test"), modules=frozenset()):
        default, shared = gather("default"), gather("shared")
    assert default.server == shared.server
    assert (default.version >= 180000, default.reports_search_path, default.becomes_owner, default.searches) == (True,) * 4
    assert (default.is_superuser, default.creates_in_extensions, default.uses_extensions) == (False, True, True)
    assert default.tenant_tables_in_public == ()


def test_a_table_of_tenants_in_public_is_found(_database):
    from django.db import connections

    with connections["shared"].cursor() as cursor:
        cursor.execute("CREATE TABLE public.audit_auditentry (id int)")
    with enter(TenantRef(new_id(), "t_boot"), actor=system("test"), modules=frozenset()):
        assert gather("shared").tenant_tables_in_public == ("audit_auditentry",)


def test_every_tenant_app_is_checked():
    labels = {model._meta.app_label for model in checks.tenant_models()}
    assert {"audit", "outbox", "base"} <= labels
    assert not labels & {config.label for config in apps.get_app_configs() if config.name.startswith("django")}
