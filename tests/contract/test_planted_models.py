"""Each demand on the models of a module is seen to fire on a planted fault."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from django.db import models
from tessera.accounts.models import Account
from tessera.api import Model, ModuleKey
from tessera.testing.contract import documents, surface, tables

from modules.base.models import Document, DocumentLine, Party
from modules.crm.sales.models import Lead
from modules.erp.orders.models import Quote
from tests.contract.planting import model, orders


def stray():
    class Stray(models.Model):
        weight = models.FloatField()
        friends = models.ManyToManyField("self")

        class Meta:
            app_label, db_table = "orders", "stray"

    return Stray


def pointing():
    class Pointing(Model):
        public = models.ForeignKey(Account, on_delete=models.DO_NOTHING, related_name="+", db_index=False)
        absent = models.ForeignKey(Lead, on_delete=models.DO_NOTHING, related_name="+")
        cascading = models.ForeignKey(Party, on_delete=models.CASCADE, related_name="pointing")
        vague = ModuleKey("Lead")
        gone = ModuleKey("sales.Nothing")
        kind = models.CharField(max_length=2, choices=[("long", "long")])
        mood = models.CharField(max_length=9, choices=[("good", "good")], default=Mood.BAD)

        class Meta(Model.Meta):
            app_label = "orders"
            constraints = [models.UniqueConstraint(fields=["kind"], name="late", deferrable=models.Deferrable.DEFERRED)]

    return Pointing


class Mood(models.TextChoices):
    GOOD = "good"
    BAD = "bad"


def still():
    class Still(Document):
        class Meta(Document.Meta):
            app_label = "orders"

    return Still


def lost():
    class Lost(Document):
        class State(models.TextChoices):
            DRAFT = "draft"
            BURNT = "burnt"

        MOVES = {("draft", "sent"), ("lost", "found")}
        SEALED = ("smoke",)

        class Meta(Document.Meta):
            app_label, constraints = "orders", []

    return Lost


def begun():
    class Begun(Document):
        MOVES = {("open", "closed")}

        class Meta(Document.Meta):
            app_label = "orders"

    return Begun


def triple():
    class Triple(Document):
        MOVES = {("draft", "sent", "gone")}

        class Meta(Document.Meta):
            app_label = "orders"

    return Triple


def line():
    class Line(DocumentLine):
        class Meta(DocumentLine.Meta):
            app_label = "orders"

    return Line


def misnamed():
    class Misnamed(DocumentLine):
        document = models.ForeignKey(Quote, on_delete=models.CASCADE, related_name="rows")

        class Meta(DocumentLine.Meta):
            app_label = "orders"

    return Misnamed


PLANTED = [
    (tables.models_are_rows_of_a_tenant, model(stray), "orders.Stray does not inherit"),
    (tables.models_are_rows_of_a_tenant, model(stray), "orders.Stray: its key is a"),
    (tables.models_are_rows_of_a_tenant, model(stray), "orders.Stray: its base manager is not `objects`"),
    (tables.models_are_rows_of_a_tenant, model(stray), "orders.Stray: its table stray has not the label as prefix"),
    (tables.models_are_rows_of_a_tenant, model(stray), "orders.Stray.weight is a FloatField"),
    (tables.models_are_rows_of_a_tenant, model(stray), "orders.Stray.friends: write the table between the two as a model"),
    (tables.keys_stay_in_the_tenant, model(pointing), "orders.Pointing.public points to accounts.Account, which is public"),
    (tables.relations_go_to_dependencies, model(pointing), "orders.Pointing.absent points to sales, which is not in depends"),
    (tables.keys_across_modules_do_nothing, model(pointing), "orders.Pointing.cascading: on_delete is CASCADE, not DO_NOTHING"),
    (tables.keys_across_modules_do_nothing, model(pointing), 'orders.Pointing.cascading: related_name is not "+"'),
    (tables.keys_are_indexed, model(pointing), "orders.Pointing.public has no index"),
    (tables.module_keys_name_a_model, model(pointing), "orders.Pointing.vague: 'Lead' is no label.Model"),
    (tables.module_keys_name_a_model, model(pointing), "orders.Pointing.gone: there is no model sales.Nothing"),
    (tables.constraints_hold_at_once, model(pointing), "orders.Pointing: late is deferred"),
    (tables.there_is_one_migration, lambda part: replace(part, models=()), "the migrations are ['0001_initial']"),
    (surface.choices_are_short, model(pointing), "Pointing.kind has a choice longer than its column"),
    (surface.choices_are_short, model(pointing), "Pointing.mood: its default is none of its choices"),
    (documents.documents_move_by_pairs, model(still), "Still has no MOVES"),
    (documents.documents_move_by_pairs, model(triple), "which are no pairs"),
    (documents.documents_move_by_pairs, model(begun), "Begun begins as 'draft', which MOVES does not know"),
    (documents.documents_move_by_pairs, model(lost), "Lost: no way leads from 'draft' to found, lost"),
    (documents.documents_move_by_pairs, model(lost), "Lost: State and MOVES differ by burnt, found, lost, sent"),
    (documents.documents_seal_their_content, model(lost), "Lost.SEALED names smoke, which are no columns"),
    (documents.documents_seal_their_content, model(lost), "Lost.SEALED leaves out"),
    (documents.documents_keep_the_constraints, model(lost), "Lost lost the constraint"),
    (documents.lines_hang_on_documents, model(line), "Line has no key `document` to a business document"),
    (documents.lines_hang_on_documents, model(misnamed), 'Misnamed.document: related_name is not "lines"'),
    (documents.lines_hang_on_documents, model(still), "Still has no lines and no sealed_lines of its own"),
]


@pytest.mark.parametrize(
    ("check", "plant", "sentence"), PLANTED, ids=[f"{check.__name__}-{at}" for at, (check, _, _) in enumerate(PLANTED)]
)
def test_a_planted_fault_is_named(check, plant, sentence):
    found = list(check(plant(orders())))
    assert [each for each in found if sentence in each] != [], found


def test_a_change_without_a_migration_is_named(monkeypatch):
    column = Quote._meta.get_field("note")
    monkeypatch.setattr(column, "null", True)
    assert any("a change has no migration" in each for each in tables.there_is_one_migration(orders()))


def test_a_column_of_the_skeleton_that_is_lost_is_named(monkeypatch):
    kept = [column for column in Quote._meta.concrete_fields if column.name != "currency"]
    short = SimpleNamespace(concrete_fields=kept, constraints=Quote._meta.constraints, app_label="orders")
    monkeypatch.setattr(documents, "documents_of", lambda part: [changed_meta(short)])
    monkeypatch.setattr(documents, "lines_of", lambda part: [])
    assert "Quote lost the column currency" in list(documents.documents_keep_the_constraints(orders()))


def changed_meta(meta):
    return SimpleNamespace(__name__="Quote", _meta=meta)
