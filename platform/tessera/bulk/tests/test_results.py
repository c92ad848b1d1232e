"""A result is for whoever asked for it, in their company, for an hour by one link and for a week at all."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tessera.bulk.selectors import open_result
from tessera.bulk.tests.hands import (
    RIGHTS,
    authors,
    result,
    run,
    shown,
    start_export,
)
from tessera.context import EVERYTHING, Actor, acting, system
from tessera.errors import NotFound
from tessera.fields import new_id
from tessera.files.services import discard_expired
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work


def test_the_link_is_the_owners_in_their_company_for_an_hour_and_the_result_goes_after_a_week(
    bob, small, other_tenant, monkeypatch
):
    authors(4)
    operation = run(start_export())
    token = shown()["resultUrl"].removeprefix("/bulk/")
    _row, content = open_result(token=token)
    assert [json.loads(line) for line in b"".join(content).splitlines()] == result(operation)
    for stranger in (
        Actor(
            kind="member", member_id=new_id(), grants=dict.fromkeys(RIGHTS, EVERYTHING)
        ),  # sees the operation, and is not its owner
        Actor(kind="member", member_id=bob.member_id, grants={"library.author_view": EVERYTHING}),
    ):
        with acting(stranger), pytest.raises(NotFound):
            open_result(token=token)
    lost = {right: reach for right, reach in bob.grants.items() if right != "library.author_view"}
    with acting(Actor(kind="member", member_id=bob.member_id, grants=lost)), pytest.raises(NotFound):
        open_result(token=token)
    with entered(other_tenant, actor=bob), pytest.raises(NotFound):
        open_result(token=token)
    monkeypatch.setattr("tessera.bulk.selectors.LINK", timedelta(0))
    with pytest.raises(NotFound):
        open_result(token=token)
    monkeypatch.undo()
    with unit_of_work():
        assert discard_expired(before=timezone.now() + timedelta(days=6)) == 0
        assert discard_expired(before=timezone.now() + timedelta(days=8)) == 1
    assert shown()["resultUrl"] is None
    with pytest.raises(NotFound):
        open_result(token=token)


def test_the_result_comes_over_http_as_a_download(tenant, small, monkeypatch):
    bob = Actor(kind="member", member_id=new_id(), grants=dict.fromkeys(RIGHTS, EVERYTHING))
    monkeypatch.setattr("tenants.middleware.authenticate", lambda request, tenant: bob)
    monkeypatch.setattr("tessera.bulk.services.running.person_of", lambda operation: bob)
    with entered(tenant, actor=bob):
        with acting(system("seed")):
            authors(7)
        run(start_export())
        url = shown()["resultUrl"]
    response = Client().get(url, headers={"host": "a.localhost"})
    body = b"".join(response.streaming_content)
    assert (response.status_code, len(body.splitlines()), int(response["Content-Length"])) == (200, 7, len(body))
    assert (response["Content-Type"], response["X-Content-Type-Options"]) == ("application/x-ndjson", "nosniff")
    assert response["Content-Disposition"].startswith('attachment; filename="export-')
    assert Client().get(url, headers={"host": "b.localhost"}).status_code == 404
    assert Client().post(url, headers={"host": "a.localhost"}).status_code == 405
    monkeypatch.setattr("tenants.middleware.authenticate", lambda request, tenant: Actor(kind="anonymous"))
    assert Client().get(url, headers={"host": "a.localhost"}).status_code == 401
