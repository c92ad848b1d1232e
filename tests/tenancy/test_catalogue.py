"""A tenant's schema stands alone; each fault that would tie it to something is planted, and named."""

import pytest
from django.db import connections
from tessera.db.catalogue import WRITES, faults
from tessera.db.roles import as_owner

TRIGGER = """
    CREATE FUNCTION base_planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NEW; END $$;
    CREATE TRIGGER base_planted BEFORE UPDATE ON base_unit FOR EACH ROW EXECUTE FUNCTION base_planted();
"""


def plant(*statements: str) -> None:
    with as_owner(), connections["default"].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_a_tenant_with_everything_on_has_no_fault(inside):
    assert faults() == []


@pytest.mark.parametrize(
    ("planted", "sentence"),
    [
        (
            "ALTER TABLE base_unit ADD COLUMN tenant uuid CONSTRAINT base_out REFERENCES public.tenants_tenant (id)",
            "base_unit.base_out points out of the schema, to public.tenants_tenant",
        ),
        (
            "ALTER TABLE base_unit ADD COLUMN other uuid CONSTRAINT base_other REFERENCES t_b.base_unit (id)",
            "base_unit.base_other points out of the schema, to t_b.base_unit",
        ),
        (
            "ALTER TABLE t_b.base_unit ADD COLUMN other uuid CONSTRAINT base_in REFERENCES base_unit (id)",
            "t_b.base_unit.base_in points into the schema, to base_unit",
        ),
        (
            "CREATE VIEW base_everybody AS SELECT id FROM public.tenants_tenant",
            "base_everybody depends on public.tenants_tenant of another schema",
        ),
        (
            "CREATE SEQUENCE t_b.base_numbers; ALTER TABLE base_unit ADD COLUMN n bigint DEFAULT nextval('t_b.base_numbers')",
            "base_unit depends on t_b.base_numbers of another schema",
        ),
        (
            """CREATE FUNCTION t_b.base_far() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
            CREATE TRIGGER base_far BEFORE UPDATE ON base_unit FOR EACH ROW EXECUTE FUNCTION t_b.base_far()""",
            "base_unit depends on t_b.base_far() of another schema",
        ),
        (
            "ALTER TABLE base_unit ADD CONSTRAINT base_late UNIQUE (name) DEFERRABLE INITIALLY DEFERRED",
            "base_unit.base_late is checked late: UNIQUE (name) DEFERRABLE INITIALLY DEFERRED",
        ),
        (
            "ALTER TABLE base_unit ADD CONSTRAINT base_maybe CHECK (decimals < 99) NOT VALID",
            "base_unit.base_maybe is not checked: CHECK ((decimals < 99)) NOT VALID",
        ),
        (
            "ALTER TABLE base_unit ADD CONSTRAINT base_never CHECK (decimals < 99) NOT ENFORCED",
            "base_unit.base_never is not checked: CHECK ((decimals < 99)) NOT ENFORCED",
        ),
        ("CREATE TABLE base_loose (name text)", "base_loose has no primary key"),
        ("CREATE UNLOGGED TABLE base_gone (id uuid PRIMARY KEY)", "base_gone does not survive a crash"),
        (
            TRIGGER.format(body="") + "ALTER TABLE base_unit DISABLE TRIGGER base_planted",
            "the trigger base_planted of base_unit is switched off",
        ),
        (TRIGGER.format(body="INSERT INTO base_unit DEFAULT VALUES;"), "the function base_planted writes: INSERT INTO"),
        (TRIGGER.format(body="UPDATE base_unit SET name = 'x';"), "the function base_planted writes: UPDATE base_unit SET"),
        (TRIGGER.format(body="DELETE FROM base_unit;"), "the function base_planted writes: DELETE FROM"),
        (TRIGGER.format(body="NEW.name := 'x';"), "the function base_planted writes: BEGIN NEW.name :="),
        (TRIGGER.format(body="EXECUTE 'SELECT 1';"), "the function base_planted writes: EXECUTE"),
    ],
)
def test_a_planted_fault_is_named(inside, planted, sentence):
    plant(planted)
    assert [each for each in faults() if each.startswith(sentence)] != []


def test_a_table_of_the_applications_own_is_named(inside):
    plant("GRANT CREATE ON SCHEMA t_a TO SESSION_USER")
    with connections["default"].cursor() as cursor:
        cursor.execute("CREATE TABLE base_mine (id uuid PRIMARY KEY)")
        cursor.execute("SELECT current_user")
        (me,) = cursor.fetchone()
    assert f"base_mine belongs to {me}" in faults()


@pytest.mark.parametrize(
    "body",
    [
        "IF NEW.name = 'x' THEN RAISE EXCEPTION 'INSERT INTO is not allowed'; END IF;",
        "PERFORM 1 FROM base_unit WHERE id = NEW.id FOR UPDATE; -- UPDATE base_unit SET name = 'x'\n",
        "IF OLD.name <> NEW.name AND TG_OP = 'UPDATE' THEN RAISE EXCEPTION 'no'; END IF;",
    ],
)
def test_a_trigger_that_only_refuses_is_none(inside, body):
    plant(TRIGGER.format(body=body))
    assert faults() == []


def test_what_a_function_may_not_do_is_known_however_it_is_written():
    for text in ("insert\n into x", "update only x set", "UPDATE x AS y SET", "TRUNCATE x", "merge into x", "ELSE NEW.x = 1"):
        assert WRITES.search(text), text
    for text in ("select 1 for update of x", "when 'x' then y = new.x", "tg_op = 'UPDATE'"):
        assert not WRITES.search(text), text
