"""Each demand on how a module lives and answers is seen to fire on a planted fault."""

from dataclasses import replace

import pytest
from django.db import connections, models
from django.test.utils import isolate_apps
from tessera.api import Model
from tessera.db.roles import as_owner
from tessera.testing.contract import answers, life
from tessera.testing.contract.life import within
from tessera.testing.contract.parts import part_of
from tessera.testing.contract.suite import ANSWERED, LIVED

from tenants.installations import purging


@pytest.fixture
def library(_database, settings, tmp_path):
    settings.TESSERA_EXPORTS = tmp_path
    return part_of("library")


@pytest.fixture
def entered(tenant, library):
    with within(tenant, *library.closure):
        yield library


def hook(part, monkeypatch, name, *statements):
    """Let a hook of the manifest run statements as the owner of the tables."""

    def run(self, tenant, *more):
        with as_owner(), connections["default"].cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    monkeypatch.setattr(type(part.module), name, run)


@isolate_apps("tests.samples.library")
def test_a_table_that_is_not_made_is_named(library):
    class Ghost(Model):
        name = models.TextField()

        class Meta(Model.Meta):
            app_label = "library"

    assert "library_ghost is not there" in list(life.it_installs_alone(replace(library, models=(Ghost,))))


def test_a_table_that_does_not_stand_alone_is_named(library, monkeypatch):
    hook(library, monkeypatch, "on_enable", "CREATE TABLE library_loose (name text)")
    assert "library_loose has no primary key" in list(life.it_installs_alone(library))


def test_switching_off_that_changes_a_row_is_named(library, monkeypatch):
    hook(library, monkeypatch, "on_disable", "UPDATE library_author SET name = name || '!'")
    assert "switching off changed library_author" in list(life.off_and_on_keeps_every_byte(library))


def test_switching_on_again_that_changes_a_row_is_named(library, monkeypatch):
    hook(library, monkeypatch, "on_enable", "UPDATE library_author SET name = name || '!'")
    assert list(life.off_and_on_keeps_every_byte(library)) == ["switching on again changed library_author"]


def test_a_table_that_outlives_purging_is_named(library, monkeypatch):
    monkeypatch.setattr(purging, "_drop", lambda label, owned: None)
    found = list(life.purging_leaves_nothing(library))
    assert found == ["library_author is still there", "library_book is still there", "library_subject is still there"]


def test_purging_that_changes_another_module_is_named(library, monkeypatch):
    hook(library, monkeypatch, "on_purge", "UPDATE base_unit SET name = name || '!'")
    assert list(life.purging_leaves_nothing(library)) == ["purging changed base_unit"]


def test_a_module_that_refuses_to_be_purged_and_changes_rows_is_named(library, monkeypatch):
    real = purging.take_out

    def refuse(tenant, label, *, actor=None):
        if tenant.slug != "filled":
            return real(tenant, label, actor=actor)
        from tessera.errors import Refused

        with life.within(tenant), connections["default"].cursor() as cursor:
            cursor.execute("UPDATE library_author SET name = name || '!'")
        raise Refused("RETENTION", "no")

    monkeypatch.setattr(purging, "take_out", refuse)
    assert list(life.purging_leaves_nothing(library)) == ["refusing to be purged changed library_author"]


def test_a_viewer_who_sees_nothing_is_named(entered, monkeypatch):
    monkeypatch.setattr("tessera.graph.queries.may_view", lambda resource: False)
    found = list(answers.viewers_see(entered))
    assert [each.partition(":")[0] for each in found] == [resource.name for resource in entered.resources]
    assert "FORBIDDEN" in found[0]


def test_an_answer_to_who_may_not_see_is_named(entered, monkeypatch):
    monkeypatch.setattr("tessera.graph.queries.may_view", lambda resource: True)
    found = list(answers.others_are_refused(entered))
    assert any(each.startswith("{ books { totalCount } } answers {'data'") for each in found)


def test_bad_input_that_is_taken_is_named(entered, monkeypatch):
    monkeypatch.setattr("tessera.graph.limits.check_text", lambda *_: None)
    assert list(answers.bad_input_is_refused(entered)) == ["bookPrint: a NUL byte at input.cost.currency is taken"]


def test_every_demand_on_life_and_answers_is_above():
    assert [check.name for check in (*LIVED, *ANSWERED)] == [
        "it_installs_alone", "off_and_on_keeps_every_byte", "purging_leaves_nothing",
        "viewers_see", "others_are_refused", "bad_input_is_refused",
    ]  # fmt: skip
