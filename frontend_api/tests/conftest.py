"""A company's API over HTTP, asked by somebody who is made up."""

import orjson
import pytest
from django.test import Client
from tessera.context import EVERYTHING, Actor
from tessera.fields import new_id

LIST = "{ companies { totalCount } }"


@pytest.fixture
def actor(monkeypatch):
    """Make requests come from bob, who may view companies; returns a function that changes who asks."""

    def ask_as(found):
        monkeypatch.setattr("frontend_api.views.authenticate", lambda request, tenant: found)

    ask_as(Actor(kind="member", member_id=new_id(), name="bob", grants={"base.company_view": EVERYTHING}))
    return ask_as


@pytest.fixture
def post(tenant, actor):
    """Return a function that posts to tenant A."""
    client = Client()

    def send(body=None, *, content_type="application/json", host="a.localhost", **headers):
        data = body if isinstance(body, (str, bytes)) else orjson.dumps(body if body is not None else {"query": LIST})
        return client.post("/graphql", data, content_type=content_type, headers={"host": host, **headers})

    return send
