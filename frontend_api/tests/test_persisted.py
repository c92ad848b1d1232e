"""Documents that are named instead of sent."""

import hashlib

import orjson
import pytest
from django.test import Client
from tessera.context import EVERYTHING, Actor
from tessera.fields import new_id

from frontend_api import persisted

LIST = "{ companies { totalCount } }"
NAME = "sha256:" + hashlib.sha256(LIST.encode()).hexdigest()
VIEW = {"base.company_view": EVERYTHING}


@pytest.fixture
def post(tenant, other_tenant, actor):
    client = Client()
    return lambda host="a", **body: client.post(
        "/graphql", orjson.dumps(body), content_type="application/json", headers={"host": f"{host}.localhost"}
    )


@pytest.fixture
def manifest(tmp_path, monkeypatch):
    """Keep the one document LIST in a manifest."""
    (tmp_path / "console.json").write_bytes(orjson.dumps({NAME: LIST}))
    monkeypatch.setattr(persisted, "MANIFESTS", tmp_path)
    persisted.trusted.cache_clear()
    yield tmp_path / "console.json"
    persisted.trusted.cache_clear()


def error(response):
    found = response.json()["errors"][0]
    return found["extensions"]["code"], found["message"]


def hashed(text):
    return {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(text.encode()).hexdigest()}}


def test_a_document_that_was_sent_once_is_found_by_its_digest(post):
    query = f"{LIST} # {new_id()}"
    assert error(post(extensions=hashed(query))) == ("NOT_FOUND", "PersistedQueryNotFound")
    assert post(query=query, extensions=hashed(query)).json()["data"] == {"companies": {"totalCount": 0}}
    assert post(extensions=hashed(query)).json()["data"] == {"companies": {"totalCount": 0}}


def test_a_document_that_one_company_sent_is_unknown_to_another(post):
    query = f"{LIST} # {new_id()}"
    assert post(query=query, extensions=hashed(query)).status_code == 200
    assert error(post(host="b", extensions=hashed(query))) == ("NOT_FOUND", "PersistedQueryNotFound")


def test_a_document_is_not_kept_under_a_wrong_digest(post):
    assert error(post(query=LIST, extensions=hashed("{ __typename }")))[0] == "BAD_INPUT"
    assert error(post(extensions={"persistedQuery": {"version": 1}}))[0] == "BAD_INPUT"
    assert error(post(extensions={"persistedQuery": 7}))[0] == "BAD_INPUT"


def test_apps_name_the_documents_they_were_built_with(post, manifest):
    assert post(documentId=NAME).json()["data"] == {"companies": {"totalCount": 0}}
    assert error(post(documentId="sha256:0"))[0] == "NOT_FOUND"


def test_where_documents_are_trusted_only_a_session_may_send_no_other(post, manifest, actor, settings):
    settings.TESSERA_TRUSTED_ONLY = True
    assert error(post(query=LIST))[0] == "FORBIDDEN"
    assert error(post(query=LIST, extensions=hashed(LIST)))[0] == "FORBIDDEN"
    assert post(documentId=NAME).status_code == 200
    actor(Actor(kind="member", member_id=new_id(), name="partner", grants=VIEW, token_id=new_id()))
    assert post(query=LIST).status_code == 200
    actor(Actor(kind="member", member_id=new_id(), name="developer", grants=VIEW | {"access.api_explore": EVERYTHING}))
    assert post(query=LIST).status_code == 200


def test_a_manifest_with_a_wrong_digest_is_refused(manifest):
    manifest.write_bytes(orjson.dumps({"sha256:0": LIST}))
    with pytest.raises(ValueError, match=r"console\.json: sha256:0 is not the digest"):
        persisted.trusted()
