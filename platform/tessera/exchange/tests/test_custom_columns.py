"""Custom fields come in as columns of an import."""

import pytest

from modules.base.models import Company, Party
from tessera.custom.models import CustomValues
from tessera.custom.services import define_custom_field
from tessera.exchange.services import import_rows
from tessera.unit_of_work import unit_of_work


@pytest.fixture(autouse=True)
def _fields(inside):
    with unit_of_work():
        Company(code="main", name="Main", currency="EUR", country="DE", party=None).save()
    define_custom_field(label="base.Party", name="rank", title="Rank", kind="number")
    define_custom_field(label="base.Party", name="listed", title="Listed", kind="boolean")


def test_custom_columns_are_filled_in():
    run = import_rows(
        importer="parties", data="company,code,name,custom.rank,custom.listed\nmain,A,Acme,2.50,yes\nmain,B,Bond,,\n"
    )
    assert (run.imported, run.problems) == (2, [])
    values = CustomValues.objects.get()
    assert (values.record, values.values) == (Party.objects.get(code="A").pk, {"rank": "2.5", "listed": True})


@pytest.mark.parametrize(("column", "value"), [("rank", "x"), ("listed", "perhaps"), ("size", "1")])
def test_a_wrong_cell_is_told_by_its_column_and_nothing_comes_in(column, value):
    run = import_rows(importer="parties", data=f"company,code,name,custom.{column}\nmain,A,Acme,{value}\n")
    assert [(each["row"], each["field"], each["code"]) for each in run.problems] == [(1, f"custom.{column}", "INVALID")]
    assert not Party.objects.filter(code="A").exists()
