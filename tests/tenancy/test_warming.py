"""A web process has done before its first request what that would wait for."""

import pytest
from tessera.db import scripts
from tessera.graph import needs
from tessera.graph.sdl import module_sets
from tessera.warming import warm_up


def test_what_most_companies_need_is_there_before_they_ask(monkeypatch):
    warm_up()
    monkeypatch.setattr(needs, "build", lambda labels: pytest.fail("a schema was built for a request"))
    monkeypatch.setattr(scripts, "MigrationLoader", lambda *_: pytest.fail("the migrations were read for a request"))
    assert needs.needs().schema is needs.whole_schema()
    for labels in module_sets().values():
        assert len(scripts.fingerprint_of_set(labels)) == 64
