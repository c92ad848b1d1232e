"""A tenant's own fields: defined once, checked by kind, found again by value."""

from datetime import date

import pytest
from django.db import connections

from modules.base.models import Party
from tessera.audit.selectors import history_of
from tessera.context import EVERYTHING, Actor, Reach, acting
from tessera.custom.filling import fill_custom_fields
from tessera.custom.models import CustomValues
from tessera.custom.selectors import custom_filter, fields_of, values_on
from tessera.custom.services import CustomChoice, change_custom_field, define_custom_field, set_custom_fields
from tessera.custom.values import CustomFieldInput
from tessera.errors import Forbidden, NotFound, Refused
from tessera.fields import new_id
from tessera.records import resource_at
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


def put(party: Party, **values) -> None:
    with unit_of_work():
        given = [CustomFieldInput(name, value) for name, value in values.items()]
        fill_custom_fields(resource=resource_at(LABEL), row=party, given=given)
        party.save()


def held(party: Party) -> dict:
    return {each.name: each.value for each in values_on(LABEL, [party.pk])[party.pk] if each.value is not None}


def found(name: str, op: str, value) -> list[str]:
    rows = Party.objects.filter(custom_filter(fields_of(LABEL), LABEL, name, op, value), code__in=["p1", "p2", "p3"])
    return list(rows.order_by("code").values_list("code", flat=True))


def test_values_come_back_in_one_spelling(fields):
    party = make_party("p1")
    put(party, motto="Ever on", staff="0012.50", founded=date(1999, 12, 31), listed=False, size="m", sizes=["s", "l", "s"])
    assert [(each.name, each.value) for each in values_on(LABEL, [party.pk])[party.pk]] == [
        ("founded", "1999-12-31"),
        ("listed", False),
        ("motto", "Ever on"),
        ("size", "m"),
        ("sizes", ["l", "s"]),
        ("staff", "12.5"),
    ]


def test_a_change_of_custom_fields_is_one_of_the_record(fields):
    party = make_party("p1")
    put(party, motto="a", staff=1)
    put(party, motto=None, listed=True)
    assert held(party) == {"staff": "1", "listed": True}
    assert party.version == 3
    created, first, second = history_of(party)
    assert "custom.motto" not in created.after
    assert (first.before, first.after) == (
        {"custom.motto": None, "custom.staff": None},
        {"custom.motto": "a", "custom.staff": "1"},
    )
    assert (second.before["custom.motto"], second.after["custom.motto"], second.after["custom.listed"]) == ("a", None, True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("motto", 5),
        ("motto", "x" * 4001),
        ("motto", "a\x00b"),
        ("staff", "NaN"),
        ("staff", "1e400"),
        ("staff", "1e999999999"),
        ("staff", "-1e-999999999"),
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
    assert [(problem.code, problem.field) for problem in refusal.value.problems] == [("INVALID", ("custom_fields", name))]
    assert not CustomValues.objects.exists()


def test_a_required_field_has_to_be_there(fields):
    change_custom_field(field=fields["motto"], required=True)
    party = make_party("p1")
    with pytest.raises(Refused) as refusal:
        put(party, staff=1)
    assert [(p.code, p.field) for p in refusal.value.problems] == [("REQUIRED", ("custom_fields", "motto"))]
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
    ("name", "op", "value"),
    [
        ("x", "eq", 1),
        ("staff", "like", 1),
        ("staff", "eq", "x"),
        ("listed", "gt", True),
        ("size", "in", "sml"),
        ("motto", "is_null", "yes"),
        ("motto", "contains", "a\x00"),
    ],
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
    assert held(party) == {}
    change_custom_field(field=fields["motto"], active=True)
    assert held(party) == {"motto": "x"}


def test_equal_names_on_two_kinds_are_two_fields(fields):
    """A text under the name of the other kind's number must never be read as one."""
    define_custom_field(label="base.Item", name="staff", title="Staff", kind="text")
    with unit_of_work():
        CustomValues(label="base.Item", record=new_id(), values={"staff": "many"}).save()
    put(make_party("p1"), staff=3)
    assert found("staff", "gt", 2) == ["p1"]


def test_a_deleted_record_takes_its_values_along(fields):
    party = make_party("p1")
    put(party, motto="x")
    with unit_of_work():
        party.delete()
    assert not CustomValues.objects.exists()


def person(**grants: Reach) -> Actor:
    held = {name.replace("__", "."): reach for name, reach in grants.items()}
    return Actor(kind="member", member_id=new_id(), account_id=new_id(), name="bob", grants=held)


def test_filling_in_needs_the_right_to_change_the_record(fields):
    party = make_party("p1")
    change = {"label": LABEL, "record": party.pk, "custom_fields": [CustomFieldInput("motto", "x")]}
    both = {"custom__custom_values_set": EVERYTHING, "custom__custom_values_read": EVERYTHING}
    with acting(person(**both, base__party_view=EVERYTHING)), pytest.raises(Forbidden):
        set_custom_fields(**change)
    with acting(person(**both, base__party_view=Reach(own=True), base__party_update=EVERYTHING)), pytest.raises(NotFound):
        set_custom_fields(**change)
    with acting(person(**both, base__party_view=EVERYTHING, base__party_update=EVERYTHING)):
        assert {each.name: each.value for each in set_custom_fields(**change)}["motto"] == "x"
        with pytest.raises(Refused) as refusal:
            set_custom_fields(**change, version=1)
    assert refusal.value.problems[0].code == "CONFLICT"


def test_fields_of_one_tenant_are_unknown_in_another(fields, other_tenant, inside):
    with entered(other_tenant, actor=inside.actor), pytest.raises(Refused):
        custom_filter(fields_of(LABEL), LABEL, "motto", "eq", "x")


def test_equal_values_are_found_by_an_index(fields):
    with unit_of_work():
        CustomValues.objects.bulk_create(
            CustomValues(label=LABEL, record=new_id(), values={"motto": f"motto {n}"}) for n in range(20_000)
        )
    with connections["default"].cursor() as cursor:
        cursor.execute("ANALYZE custom_customvalues")
    plan = Party.objects.filter(custom_filter(fields_of(LABEL), LABEL, "motto", "eq", "motto 7")).explain()
    assert "custom_values_by_content" in plan
