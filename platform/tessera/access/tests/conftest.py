"""An organisation without base."""

import pytest

from tessera.access import ports
from tessera.access.tests.people import ACME, NORTH, SOUTH


@pytest.fixture
def organisation(monkeypatch):
    """Answer for base: bob works in NORTH of ACME; SOUTH is ACME's too."""
    bobs = (frozenset({NORTH}), frozenset({ACME}))
    monkeypatch.setattr(ports.org_reach, "answered_by", lambda *, member, on: bobs)
    monkeypatch.setattr(ports.units_within, "answered_by", lambda *, unit, company: frozenset({unit} if unit else {NORTH, SOUTH}))
