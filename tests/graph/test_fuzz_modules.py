"""The three executors agree on every resource of every module, whoever reads."""

from random import Random

import pytest
from django.apps import apps
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tessera.context import EVERYTHING, Actor, Reach, acting
from tessera.graph.requests import documents
from tessera.graph.schemas import schema_for
from tessera.module import modules
from tessera.resource import RESOURCES
from tessera.testing.rows import Rows, key_of

from tests.graph.drawing import Documents
from tests.graph.reference import Reference
from tests.graph.test_fuzz import compare

FEWEST_WITH_ROWS = 100


@pytest.fixture
def everything(inside):
    """Three rows of every model that can have some; returns the rows of each resource by its name."""
    Rows("AMBER").fill(0, 1, 2)
    known = {name: list(resource.model._base_manager.all()) for name, resource in RESOURCES.items()}
    assert sum(bool(rows) for rows in known.values()) >= FEWEST_WITH_ROWS
    return known


def reader(seed):
    """Return a member with most rights, each with a reach of its own, and the seed of what it reaches."""
    random = Random(seed)
    keys = {label: [key_of(apps.get_model(label), number) for number in range(3)] for label in ("base.OrgUnit", "base.Company")}
    member = key_of(apps.get_model("access.Member"), random.randrange(3))

    def reach():
        units, companies = (frozenset(random.sample(keys[label], random.randrange(3))) for label in sorted(keys, reverse=True))
        return random.choice([EVERYTHING, EVERYTHING, Reach(own=random.random() < 0.5, units=units, companies=companies)])

    rights = [resource.permission("view") for resource in RESOURCES.values()]
    rights += [right for resource in RESOURCES.values() for right in resource.field_rights.values()]
    grants = {right: reach() for right in sorted(rights) if random.random() < 0.9}
    return Actor(kind="member", member_id=member, name="bob", grants=grants)


@pytest.mark.safety
def test_all_executors_agree_on_every_resource(everything, count):
    on = frozenset(modules())
    reference, schema = Reference(on), schema_for(on)
    seen = {"statements": 0, "plans": 0}
    ours = sorted(name for name, rows in everything.items() if rows)

    @settings(
        max_examples=count("documents", 60, 3_000),
        derandomize=not count.long,  # the many are drawn anew each time
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(seed=st.integers(0, 10**6), data=st.data())
    def agree(seed, data):
        with acting(reader(seed)):
            compare(Documents(data.draw, schema, everything, ours, computed=False), reference, seen)

    agree()
    documents.clear()
    count.note(**seen)
    assert seen["plans"] == 0 < seen["statements"]
