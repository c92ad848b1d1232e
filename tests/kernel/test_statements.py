"""What a unit of work says to PostgreSQL: counted, because every statement is a round trip that somebody waits for."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connections
from django.db.models import Value
from django.db.models.functions import Lower
from django.test.utils import CaptureQueriesContext
from tessera.audit.models import AuditEntry
from tessera.errors import Refused
from tessera.events import event, publish
from tessera.fields import new_id
from tessera.numbering.models import NumberSeries, VoidedNumber
from tessera.numbering.services import assign_number
from tessera.outbox.models import Delivery, OutboxEvent
from tessera.service import service
from tessera.unit_of_work import unit_of_work

from tests.samples.library.models import Author


@event("kernel.number_lost")
class NumberLost:
    number: str
    subject: object


@service()
def lose_numbers(*, numbers: list[str]) -> None:
    rows = VoidedNumber.objects.bulk_create(VoidedNumber(scope="lost", number=each, reason="lost") for each in numbers)
    for row in rows:
        publish(NumberLost(subject=row.pk, number=row.number))


@pytest.fixture
def sent():
    with CaptureQueriesContext(connections["default"]) as captured:
        yield lambda: [
            each["sql"] for each in captured.captured_queries if not each["sql"].startswith(("SAVEPOINT", "RELEASE", "SET "))
        ]


def test_a_unit_sends_one_statement_for_its_rows_one_for_the_audit_and_one_for_the_facts(inside, sent):
    lose_numbers(numbers=["1", "2", "3"])
    written = ('INSERT INTO "numbering_voidednumber"', 'INSERT INTO "audit_auditentry"', "INSERT INTO outbox_delivery")
    assert [next(text for text in written if text in sql) for sql in sent()] == list(written)
    assert AuditEntry.objects.filter(label="numbering.VoidedNumber").count() == 3
    assert list(OutboxEvent.objects.filter(name="kernel.number_lost").values_list("seq", flat=True)) == [1, 1, 1]
    assert not Delivery.objects.filter(event__name="kernel.number_lost").exists()  # nobody listens


def test_a_service_that_is_the_unit_takes_no_savepoint(inside):
    with CaptureQueriesContext(connections["default"]) as alone:
        lose_numbers(numbers=["1"])
    with unit_of_work(), CaptureQueriesContext(connections["default"]) as within:
        lose_numbers(numbers=["2"])
    # In a test the unit itself is a savepoint of the test's transaction; a service in somebody's unit takes one of its own.
    counts = [sum(each["sql"].startswith("SAVEPOINT") for each in found.captured_queries) for found in (alone, within)]
    assert counts == [1, 1]


def test_the_series_of_a_unit_advance_by_one_statement(inside, sent):
    with unit_of_work():
        rows = [VoidedNumber(scope="x", number=f"draft {each}", reason="r") for each in range(3)]
        for row, scope in zip(rows, ("b", "a", "b"), strict=True):
            row.save()
            assign_number(row, scope=(scope,), pattern=scope + "-{n}", on=date(2026, 11, 26))
    assert sum("numbering_numberseries" in sql for sql in sent()) == 1
    assert [row.number for row in rows] == ["b-1", "a-1", "b-2"]
    assert dict(NumberSeries.objects.values_list("scope", "last")) == {"a": 1, "b": 2}


def test_rows_that_are_made_together_come_back_as_they_were_given(inside):
    with unit_of_work():
        made = Author.objects.bulk_create([Author(name="Ana 'x' \\ 李", advance=Decimal("12.5000")), Author(name="Bo")])
    assert [each._state.adding for each in made] == [False, False]
    for each in made:
        kept = Author.objects.get(pk=each.pk)
        for column in Author._meta.concrete_fields:
            assert getattr(kept, column.attname) == getattr(each, column.attname), column.attname


def test_a_value_that_no_column_can_hold_is_refused(inside):
    with pytest.raises(ValidationError), unit_of_work():
        Author.objects.bulk_create([Author(name="Ana", advance=Decimal("NaN"))])
    with pytest.raises(Refused), unit_of_work():
        Author.objects.bulk_create([Author(name="a\0b")])
    with pytest.raises(Refused), unit_of_work():
        VoidedNumber.objects.bulk_create([VoidedNumber(scope="s" * 201, number="1", reason="r")])


def test_an_expression_is_left_to_django(inside):
    with unit_of_work():
        VoidedNumber.objects.bulk_create([VoidedNumber(id=new_id(), scope=Lower(Value("ABC")), number="1", reason="r")])
    assert VoidedNumber.objects.get().scope == "abc"
