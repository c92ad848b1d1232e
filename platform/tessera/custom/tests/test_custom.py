"""A tenant's own fields: defined once, checked by kind, found again by value."""

from datetime import date
from decimal import Decimal

import pytest

from modules.base.models import Party
from tessera.audit.selectors import history_of
from tessera.context import EVERYTHING, Actor, Reach, acting
from tessera.custom.models import CustomValues
from tessera.custom.selectors import custom_filter, custom_values_on, shown_values, values_of
from tessera.custom.services import (
    CustomChoice,
    change_custom_field,
    change_custom_values,
    define_custom_field,
    set_custom_values,
)
from tessera.errors import Forbidden, NotFound, Refused
from tessera.fields import new_id
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work

LABEL = "base.Party"
SIZES = [CustomChoice("s", "Small"), CustomChoice("m"), CustomChoice("l")]


def make_party(code: str) -> Party:
    with unit_of_work():
        made = Party(kind=Party.Kind.ORGANISATION, name=code, code=code)
        made.save()
    return made


@pytest.fixture
def fields(inside):
    made = [
        define_custom_field(label=LABEL, name="motto", title="Motto", kind="text"),
        define_custom_field(label=LABEL, name="staff", title="Staff", kind="number"),
        define_custom_field(label=LABEL, name="founded", title="Founded", kind="date"),
        define_custom_field(label=LABEL, name="listed", title="Listed", kind="boolean"),
        define_custom_field(label=LABEL, name="size", title="Size", kind="choice", choices=SIZES),
        define_custom_field(label=LABEL, name="sizes", title="Sizes", kind="choices", choices=SIZES),
    ]
    return {field.name: field for field in made}


def put(party: Party, **values) -> CustomValues:
    return set_custom_values(label=LABEL, record=party.pk, values=values)


def found(name: str, op: str, value) -> list[str]:
    rows = Party.objects.filter(custom_filter(LABEL, name, op, value), code__in=["p1", "p2", "p3"])
    return list(rows.order_by("code").values_list("code", flat=True))


def test_values_come_back_with_their_types(fields):
    party = make_party("p1")
    put(party, motto="Ever on", staff="0012.50", founded=date(1999, 12, 31), listed=False, size="m", sizes=["s", "l", "s"])
    assert values_of(LABEL, [party.pk]) == {
        party.pk: {
            "motto": "Ever on",
            "staff": Decimal("12.5"),
            "founded": date(1999, 12, 31),
            "listed": False,
            "size": "m",
            "sizes": ["l", "s"],
        }
    }
    assert [(each.name, each.text) for each in shown_values(LABEL, [party.pk])[party.pk]] == [
        ("founded", "1999-12-31"),
        ("listed", "false"),
        ("motto", "Ever on"),
        ("size", "m"),
        ("sizes", "l,s"),
        ("staff", "12.5"),
    ]


def test_what_is_not_named_stays_and_none_clears(fields):
    party = make_party("p1")
    put(party, motto="a", staff=1)
    row = put(party, motto=None, listed=True)
    assert row.values == {"staff": "1", "listed": True}
    assert [entry.verb for entry in history_of(row)] == ["create", "update"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("motto", 5),
        ("motto", "x" * 4001),
        ("motto", "a\x00b"),
        ("staff", "NaN"),
        ("staff", "1e400"),
        ("staff", True),
        ("staff", 1.5),
        ("staff", "0.00000000001"),
        ("founded", "2026-02-30"),
        ("founded", "0000-01-01"),
        ("founded", 5),
        ("listed", "yes"),
        ("size", "xl"),
        ("sizes", "s"),
        ("sizes", ["s", "xl"]),
        ("nothing", 1),
    ],
)
def test_a_wrong_value_is_refused_by_its_name_and_changes_nothing(fields, name, value):
    party = make_party("p1")
    with pytest.raises(Refused) as refusal:
        put(party, motto="kept?", **{name: value}) if name != "motto" else put(party, motto=value)
    assert [(problem.code, problem.field) for problem in refusal.value.problems] == [("INVALID", (name,))]
    assert not CustomValues.objects.exists()


def test_a_required_field_has_to_be_there(fields):
    change_custom_field(field=fields["motto"], required=True)
    party = make_party("p1")
    with pytest.raises(Refused) as refusal:
        put(party, staff=1)
    assert [(p.code, p.field) for p in refusal.value.problems] == [("REQUIRED", ("motto",))]
    put(party, motto="x", staff=1)
    with pytest.raises(Refused):
        put(party, motto="")


def test_records_are_found_by_their_values(fields):
    one, two, _three = make_party("p1"), make_party("p2"), make_party("p3")
    put(one, motto="Ever On", staff="9", founded="2001-01-01", listed=True, size="s", sizes=["s", "m"])
    put(two, motto="Never", staff="10.5", founded="2010-01-01", listed=False, size="l", sizes=["l"])
    assert found("staff", "eq", "9.00") == ["p1"]
    assert found("staff", "gt", 9) == ["p2"]
    assert found("staff", "lte", "10.5") == ["p1", "p2"]
    assert found("staff", "ne", 9) == ["p2", "p3"]
    assert found("founded", "gte", date(2005, 1, 1)) == ["p2"]
    assert found("listed", "eq", False) == ["p2"]
    assert found("size", "in", ["s", "l"]) == ["p1", "p2"]
    assert found("sizes", "contains", "m") == ["p1"]
    assert found("motto", "contains", "ever") == ["p1", "p2"]
    assert found("motto", "is_null", True) == ["p3"]
    assert found("motto", "is_null", False) == ["p1", "p2"]


@pytest.mark.parametrize(
    ("name", "op", "value"), [("x", "eq", 1), ("staff", "like", 1), ("staff", "eq", "x"), ("listed", "gt", True)]
)
def test_a_comparison_that_makes_no_sense_is_refused(fields, name, op, value):
    with pytest.raises(Refused):
        found(name, op, value)


def test_a_value_is_data_and_never_sql(fields):
    nasty = "'; DROP TABLE base_party; --"
    put(make_party("p1"), motto=nasty)
    assert found("motto", "eq", nasty) == ["p1"]
    assert found("motto", "contains", "%") == []


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"name": "Staff"}, "INVALID"),
        ({"name": "a" * 41}, "INVALID"),
        ({"name": "motto"}, "UNIQUE"),
        ({"label": "base.Nothing"}, "NOT_FOUND"),
        ({"kind": "choice"}, "INVALID"),
        ({"choices": SIZES}, "INVALID"),
        ({"kind": "choice", "choices": [CustomChoice("a"), CustomChoice("a")]}, "INVALID"),
    ],
)
def test_a_field_that_makes_no_sense_is_refused(fields, wrong, code):
    with pytest.raises(Refused) as refusal:
        define_custom_field(**{"label": LABEL, "name": "other", "title": "Other", "kind": "text", **wrong})
    assert refusal.value.problems[0].code == code


def test_a_choice_in_use_cannot_go(fields):
    put(make_party("p1"), size="m", sizes=["l"])
    for name, gone in (("size", "m"), ("sizes", "l")):
        with pytest.raises(Refused) as refusal:
            change_custom_field(field=fields[name], choices=[each for each in SIZES if each.value != gone])
        assert refusal.value.problems[0].code == "IN_USE"
    change_custom_field(field=fields["size"], choices=SIZES[:2])
    assert [each["value"] for each in fields["size"].choices] == ["s", "m"]


def test_a_field_out_of_use_is_not_shown_and_keeps_what_it_held(fields):
    party = make_party("p1")
    put(party, motto="x")
    change_custom_field(field=fields["motto"], active=False)
    assert values_of(LABEL, [party.pk]) == {party.pk: {}}
    change_custom_field(field=fields["motto"], active=True)
    assert values_of(LABEL, [party.pk]) == {party.pk: {"motto": "x"}}


def person(**grants: Reach) -> Actor:
    held = {name.replace("__", "."): reach for name, reach in grants.items()}
    return Actor(kind="member", member_id=new_id(), account_id=new_id(), name="bob", grants=held)


def test_changing_values_needs_the_right_to_change_the_record(fields):
    party = make_party("p1")
    change = {"label": LABEL, "record": party.pk, "values": {"motto": "x"}}
    with acting(person(custom__custom_values_set=EVERYTHING, base__party_view=EVERYTHING)), pytest.raises(Forbidden):
        change_custom_values(**change)
    hidden = person(custom__custom_values_set=EVERYTHING, base__party_view=Reach(own=True), base__party_update=EVERYTHING)
    with acting(hidden), pytest.raises(NotFound):
        change_custom_values(**change)
    with acting(hidden), pytest.raises(NotFound):
        custom_values_on(label=LABEL, record=party.pk)
    allowed = person(custom__custom_values_set=EVERYTHING, base__party_view=EVERYTHING, base__party_update=EVERYTHING)
    with acting(allowed):
        assert change_custom_values(**change).values == {"motto": "x"}
        with pytest.raises(Refused) as refusal:
            change_custom_values(**{**change, "values": {"staff": "x"}})
    assert refusal.value.problems[0].field == ("values", "staff")


def test_fields_of_one_tenant_are_unknown_in_another(fields, other_tenant, inside):
    with entered(other_tenant, actor=inside.actor), pytest.raises(Refused):
        custom_filter(LABEL, "motto", "eq", "x")
