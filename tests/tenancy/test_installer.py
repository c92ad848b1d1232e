"""A replayed schema is the migrated one, and what cannot be replayed is refused with its reason."""

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.commands.migrate import Command as Migrate
from django.db import connections, migrations, models
from django.db.migrations.state import ProjectState
from tessera.context import TenantRef, enter, system
from tessera.db import scripts
from tessera.db.installer import applied, install, make_schema, replay
from tessera.db.recorder import Tape, _apply, _check_names, _objects, _scratch
from tessera.db.roles import as_owner
from tessera.db.scripts import CannotReplay
from tessera.fields import new_id
from tessera.installation.models import InstalledModule
from tessera.module import closure, modules

from tenants.models import SchemaScript

CATALOGUE = {
    "columns": """
        SELECT table_name, ordinal_position, column_name, data_type, udt_name, character_maximum_length, numeric_precision,
               numeric_scale, is_nullable, column_default, is_identity, identity_generation
          FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1, 2""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, contype, condeferrable, condeferred, pg_get_constraintdef(oid)
          FROM pg_constraint WHERE connamespace = current_schema()::regnamespace ORDER BY 1, 2""",
    "indexes": """
        SELECT tablename, indexname, replace(indexdef, current_schema() || '.', '')
          FROM pg_indexes WHERE schemaname = current_schema() ORDER BY 1, 2""",
    "triggers": """
        SELECT c.relname, t.tgname, replace(pg_get_triggerdef(t.oid), current_schema() || '.', '')
          FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
         WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal ORDER BY 1, 2""",
    "functions": """
        SELECT proname, replace(pg_get_functiondef(oid), current_schema() || '.', '')
          FROM pg_proc WHERE pronamespace = current_schema()::regnamespace ORDER BY 1""",
    "sequences": """
        SELECT sequencename, data_type::text, start_value, increment_by FROM pg_sequences
         WHERE schemaname = current_schema() ORDER BY 1""",
    "types": """
        SELECT typname, typtype, array(SELECT enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY enumsortorder)
          FROM pg_type t WHERE typnamespace = current_schema()::regnamespace ORDER BY 1""",
    "rights": """
        SELECT relname, relkind, relacl::text, pg_get_userbyid(relowner) FROM pg_class
         WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'S') ORDER BY 1""",
    "journal": "SELECT app, name FROM django_migrations ORDER BY id",
}


def fresh() -> TenantRef:
    return TenantRef(new_id(), f"t_{new_id().hex}")


def within(ref: TenantRef):
    return enter(ref, actor=system("test"), modules=frozenset())


def query(sql: str) -> list[tuple]:
    with connections["default"].cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def catalogue(ref: TenantRef) -> dict[str, list[tuple]]:
    with within(ref):
        return {what: query(sql) for what, sql in CATALOGUE.items()}


class DjangosMigrate(Migrate):
    requires_system_checks = []


def really_migrate(ref: TenantRef, labels: list[str]) -> None:
    with within(ref), as_owner():
        with connections["default"].cursor() as cursor:
            cursor.execute(f'CREATE SCHEMA "{ref.schema}"; GRANT USAGE ON SCHEMA "{ref.schema}" TO SESSION_USER')
        for label in labels:
            if scripts.loader().graph.leaf_nodes(label):
                call_command(DjangosMigrate(), label, database="default", verbosity=0)


@pytest.mark.timeout(1500)  # Django's own way renders all models after each operation: minutes on a busy machine
def test_a_replayed_schema_equals_a_migrated_one(_database, planted):
    migrated, replayed = fresh(), fresh()
    everything = closure(modules())
    really_migrate(migrated, scripts.ordered(everything))
    install(replayed, everything)
    expected, found = catalogue(migrated), catalogue(replayed)
    assert {table for table, *_ in expected["columns"]} >= {"alpha_thing", "beta_part", "audit_auditentry", "django_migrations"}
    for what in CATALOGUE:
        assert found[what] == expected[what], what
    assert [name for name, _ in found["functions"]].count("alpha_refuse") == 1
    assert ("alpha_thing", "alpha_thing_frozen") in [row[:2] for row in found["triggers"]]


def test_rows_moved_by_python_are_moved_in_each_tenant(_database, planted):
    ref = fresh()
    install(ref, closure(["alpha"]))
    with within(ref):
        assert query("SELECT name, amount, code FROM alpha_thing") == [("first", 7, "none")]


def test_a_refusing_trigger_refuses_in_the_tenant(_database, planted):
    ref = fresh()
    install(ref, closure(["alpha"]))
    with within(ref), pytest.raises(Exception, match="frozen"):
        query("UPDATE alpha_thing SET name = 'frozen; 100%'; UPDATE alpha_thing SET amount = 8")


def test_the_tenant_says_what_it_has(_database, planted):
    ref = fresh()
    install(ref, closure(["beta"]))
    with within(ref):
        rows = {row.label: row for row in InstalledModule.objects.all()}
        assert rows.keys() == {"base", "alpha", "beta"}
        assert {row.state for row in rows.values()} == {"on"}
        assert rows["alpha"].fingerprint == scripts.fingerprint_of("alpha")


def test_installing_twice_changes_nothing(_database, planted):
    ref = fresh()
    install(ref, closure(["alpha"]))
    before = catalogue(ref)
    install(ref, closure(["alpha"]))
    assert catalogue(ref) == before


def test_modules_are_added_to_a_schema_that_is_there(_database, planted):
    grown, whole = fresh(), fresh()
    make_schema(grown, ())
    install(grown, closure(["alpha"]))
    install(grown, closure(["beta"]))
    install(whole, closure(["beta"]))
    expected, found = catalogue(whole), catalogue(grown)
    expected.pop("journal"), found.pop("journal")
    assert found == expected


def test_a_failing_batch_leaves_no_schema(_database, planted):
    ref = fresh()
    made = scripts.scripts_for(closure(["alpha"]))
    broken = scripts.Script(made[-1].key, "broken", (*made[-1].steps, scripts.Step(sql="SELECT 1/0")))
    with pytest.raises(Exception, match="division by zero"):
        from tessera.unit_of_work import unit_of_work

        with within(ref), unit_of_work():
            replay([*made[:-1], broken])
    with within(ref):
        assert query(f"SELECT count(*) FROM pg_namespace WHERE nspname = '{ref.schema}'") == [(0,)]
        assert applied() == set()


def test_a_migration_is_recorded_once_for_all_processes(_database, planted, monkeypatch):
    SchemaScript.objects.all().delete()
    monkeypatch.setattr(scripts, "_scripts", {})
    recorded = scripts.scripts_for(closure(["beta"]))
    assert SchemaScript.objects.count() == len(recorded)
    monkeypatch.setattr(scripts, "_scripts", {})
    monkeypatch.setattr("tessera.db.recorder.record", lambda *_: pytest.fail("recorded again"))
    assert scripts.scripts_for(closure(["beta"])) == recorded


def test_nothing_is_left_of_the_scratch_schema(_database, planted, monkeypatch):
    SchemaScript.objects.all().delete()
    monkeypatch.setattr(scripts, "_scripts", {})
    scripts.scripts_for(closure(["beta"]))
    with within(fresh()):
        assert query("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'scratch%'") == []


def test_recorded_statements_name_no_schema(_database, planted):
    for script in scripts.scripts_for(closure(modules())):
        for step in script.steps:
            assert "scratch_" not in step.sql and "search_path" not in step.sql


def record_alone(*operations, **options):
    """Record a migration that exists nowhere but here."""
    migration = type("Migration", (migrations.Migration,), {"operations": list(operations), **options})("0001_initial", "alpha")
    with _scratch() as schema:
        tape = Tape(schema, ("alpha", "0001_initial"))
        before = _objects(schema)
        _apply(migration, ProjectState(), tape)
        _check_names(("alpha", "0001_initial"), _objects(schema) - before)
    return tape.steps


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (migrations.RunSQL("CREATE EXTENSION IF NOT EXISTS plpgsql"), "extensions live in the schema ext"),
        (migrations.RunSQL("SELECT set_config('search_path', 'x', true)"), "the search path is the tenant's"),
        (migrations.RunSQL("CREATE VIEW alpha_v AS SELECT * FROM public.tenants_tenant"), "know nothing of the public schema"),
        (
            migrations.RunSQL("CREATE TABLE other_things (id int PRIMARY KEY)"),
            "name what a module makes alpha_..., not other_things",
        ),
        (migrations.RunSQL("CREATE FUNCTION helper() RETURNS int LANGUAGE sql AS 'SELECT 1'"), "not helper"),
        (migrations.RunPython(lambda apps, editor: None, atomic=False), "RunPython(atomic=False) cannot run"),
        (migrations.AlterField("x", "id", models.BigAutoField(primary_key=True)), "a primary key is for good"),
    ],
)
def test_what_cannot_be_replayed_is_refused(_database, planted, operation, reason):
    with pytest.raises(CannotReplay) as refused:
        record_alone(operation)
    assert reason in str(refused.value)
    assert str(refused.value).startswith("alpha.0001_initial: ")


def test_a_migration_that_is_not_atomic_is_refused(_database, planted):
    with pytest.raises(CannotReplay, match="atomic = False"):
        record_alone(migrations.RunSQL("SELECT 1"), atomic=False)


def test_a_select_in_sql_of_the_migration_is_replayed(_database, planted):
    steps = record_alone(
        migrations.RunSQL("CREATE SEQUENCE alpha_numbers"), migrations.RunSQL([("SELECT setval('alpha_numbers', %s)", [41])])
    )
    assert [step.sql for step in steps] == ["CREATE SEQUENCE alpha_numbers\n;\nSELECT setval('alpha_numbers', 41)"]


def test_a_migration_of_a_module_that_is_not_declared_is_refused(_database, planted, monkeypatch):
    monkeypatch.setattr(modules()["beta"], "depends", ())
    with pytest.raises(CannotReplay, match="the migrations of beta need those of alpha"):
        scripts.plan(["beta"])


def test_models_without_migrations_are_refused(_database, planted, monkeypatch):
    monkeypatch.setattr(type(modules()["pack"]), "get_models", lambda self, *a, **k: apps.get_app_config("alpha").get_models())
    with pytest.raises(CannotReplay, match="pack has models and no migrations"):
        scripts.plan(closure(["pack"]))


def test_unknown_modules_are_named(_database, planted):
    with pytest.raises(LookupError, match="nothing"):
        install(fresh(), {"base", "nothing"})


def test_the_fingerprint_follows_version_and_set(_database, planted, monkeypatch):
    one, both = scripts.fingerprint_of_set(closure(["alpha"])), scripts.fingerprint_of_set(closure(["beta"]))
    assert one != both
    monkeypatch.setattr(modules()["alpha"], "version", "1.1")
    scripts.fingerprint_of.cache_clear()
    assert scripts.fingerprint_of_set(closure(["alpha"])) != one


def test_tables_belong_to_the_owner_and_not_to_the_application(_database, planted):
    ref = fresh()
    install(ref, closure(["alpha"]))
    with within(ref):
        assert query(f"SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = '{ref.schema}'") == [
            (settings.TESSERA_OWNER_ROLE,)
        ]
        with pytest.raises(Exception, match="permission denied for schema"):
            query("CREATE TABLE alpha_more (id int)")
