"""What opens a door of one company, made for both, and the door of each that it is tried on."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.test import Client
from django.utils import timezone
from tessera.access.models import AccessToken, Invitation, Member
from tessera.access.services import DeviceOf, sign_in_device
from tessera.access.services.devices import new_secrets
from tessera.access.services.invitations import PURPOSE as INVITATION
from tessera.accounts.models import Account
from tessera.accounts.oauth.models import App
from tessera.accounts.oauth.services import make_app
from tessera.accounts.services import digest, issue_code, redeem_code
from tessera.notes.models import Attachment
from tessera.signing import sign
from tessera.testing.rows import key_of
from tessera.testing.sweep.worlds import ASKING
from tessera.unit_of_work import unit_of_work

from modules.crm.service.models import Survey
from modules.crm.service.services.surveys import token_of

ACCOUNTS = "localhost"
ME = "{ me { tenant member { name } } }"
INVITED, DEVICE = 200, 201
APP: dict[str, Any] = {
    "name": "Pocket",
    "redirect_uris": ["com.example.app:/done"],
    "scopes": ["all"],
    "confidential": False,
    "tenant_id": None,
}


def session_of(world: Any, place: Any) -> str:
    """Return the key of a session of the account that both companies know."""
    code = issue_code(account=world.account, tenant_id=place.tenant.pk)
    with place.inside():
        return redeem_code(tenant=place.tenant.ref(), code=code, lifetime=timedelta(hours=1))[0]


def api_key_of(_world: Any, place: Any) -> str:
    """Return an API key; its row has the same key in both companies."""
    secret = f"tsr_k_{place.tenant.slug}"
    with place.inside(), unit_of_work():
        member = Member.objects.get(pk=key_of(Member, ASKING))
        AccessToken(
            id=key_of(AccessToken, INVITED),
            member=member,
            kind=AccessToken.Kind.API_KEY,
            name="key",
            prefix=secret[:12],
            hash=digest(secret),
            scopes=["*"],
            epoch=member.epoch,
            expires_at=timezone.now() + timedelta(days=1),
        ).save()
    return secret


def device_of(_world: Any, place: Any) -> str:
    """Return the access token of an app that is for every company; its row has the same key in both."""
    app = App.objects.select_related("client").first()
    client_id = app.client_id if app else make_app(**APP).app.client_id
    with place.inside(), unit_of_work():
        member = Member.objects.get(pk=key_of(Member, ASKING))
        given = new_secrets(key_of(AccessToken, DEVICE))
        sign_in_device(
            device=key_of(AccessToken, DEVICE),
            member=member,
            account_epoch=Account.objects.get(pk=member.account_id).epoch,
            app=client_id,
            app_name="Pocket",
            scopes=["all"],
            about=DeviceOf("phone", "Android", "127.0.0.1"),
            given=given,
        )
    return given.access


def invitation_of(_world: Any, place: Any) -> str:
    """Return the token of an invitation; its row has the same key and serial in both companies."""
    with place.inside(), unit_of_work():
        member = Member(id=key_of(Member, INVITED), name=f"{place.rows.mark} Carl", email="carl@example.com")
        member.save()
        made = Invitation(id=key_of(Invitation, INVITED), member=member, email=member.email)
        made.expires_at = timezone.now() + timedelta(days=1)
        made.save()
        return sign(INVITATION, [made.pk.hex, made.serial])


def survey_of(_world: Any, place: Any) -> str:
    """Return the token in a survey's letter; its row has the same key and serial in both companies."""
    with place.inside(), unit_of_work():
        survey = Survey.objects.get(pk=key_of(Survey, 0))
        survey.state, survey.expires_at = Survey.State.SENT, timezone.now() + timedelta(days=1)
        survey.score = survey.answered_at = None
        survey.save()
        return token_of(survey)


def file_of(world: Any) -> str:
    """Return the address of a file that only the other company has."""
    keys = []
    for place in (world.other, world.asked):
        with place.inside():
            keys.append(set(Attachment.objects.values_list("pk", flat=True)))
    return f"/files/{min(keys[0] - keys[1])}"


def as_bearer(place: Any, secret: str) -> Any:
    return place.post(ME, secret=secret)


def as_cookie(place: Any, secret: str) -> Any:
    client = Client()
    client.cookies["tessera"] = secret
    headers = {"host": place.host, "x-tessera-request": "1", "origin": f"http://{place.host}"}
    return client.post("/graphql", json.dumps({"query": ME}), content_type="application/json", headers=headers)


def as_code(place: Any, secret: str) -> Any:
    return Client().post("/session", json.dumps({"code": secret}), content_type="application/json", headers={"host": place.host})


def as_link(place: Any, secret: str) -> Any:
    return Client().get(f"/join/{place.tenant.pk}/{secret}", headers={"host": ACCOUNTS})


def as_answer(place: Any, secret: str) -> Any:
    return Client().post(f"/public/surveyAnswer/{secret}", {"score": "5"}, headers={"host": place.host})


def as_cursor(place: Any, secret: str) -> Any:
    return place.post("query($c: String) { parties(first: 5, after: $c) { nodes { id } } }", variables={"c": secret})


def as_hash(place: Any, secret: str) -> Any:
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": secret}}
    body = json.dumps({"extensions": extensions})
    headers = {"host": place.host, "authorization": f"Bearer {place.secret}"}
    return place.client.post("/graphql", body, content_type="application/json", headers=headers)


def persisted_by(_world: Any, place: Any) -> str:
    """Return the hash of a document that was sent to a company once."""
    import hashlib

    text = f"query {place.rows.mark} {{ __typename }}"
    named = hashlib.sha256(text.encode()).hexdigest()
    answer = place.post(text, extensions={"persistedQuery": {"version": 1, "sha256Hash": named}})
    assert "errors" not in answer.json()
    return named


@dataclass(frozen=True)
class Credential:
    """How one is made, how it is used, and how it is answered where it is worth nothing."""

    make: Callable[[Any, Any], str]
    use: Callable[[Any, str], Any]
    status: int
    code: str = ""


CREDENTIALS = {
    "token": Credential(lambda _world, place: place.secret, as_bearer, 401, "UNAUTHENTICATED"),
    "device of an app": Credential(device_of, as_bearer, 401, "UNAUTHENTICATED"),
    "API key": Credential(api_key_of, as_bearer, 401, "UNAUTHENTICATED"),
    "session of a program": Credential(session_of, as_bearer, 401, "UNAUTHENTICATED"),
    "session cookie": Credential(session_of, as_cookie, 401, "UNAUTHENTICATED"),
    "login code": Credential(
        lambda world, place: issue_code(account=world.account, tenant_id=place.tenant.pk), as_code, 401, "UNAUTHENTICATED"
    ),
    "invitation": Credential(invitation_of, as_link, 404),
    "survey": Credential(survey_of, as_answer, 400),
    "cursor": Credential(lambda _world, place: place.cursors["Party"], as_cursor, 200, "BAD_CURSOR"),
    "persisted document": Credential(persisted_by, as_hash, 200, "NOT_FOUND"),
}


def code_of(response: Any) -> str:
    """Return the first code of the errors in an answer, if it is JSON and has any."""
    if not response["Content-Type"].startswith("application/"):
        return ""
    errors = json.loads(response.content).get("errors", ())
    return errors[0]["extensions"]["code"] if errors else ""


def is_worthless(credential: Credential, place: Any, secret: str) -> bool:
    """Say whether a credential is refused at a place, as every other one would be."""
    response = credential.use(place, secret)
    return (response.status_code, code_of(response)) == (credential.status, credential.code)


NOWHERE = UUID("0b7a2f7e-1111-4222-8333-444455556666")
