"""Register apps: a company's administrators for their own company, the operator for all of them."""

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.models import Client
from django.db import transaction
from django.utils.translation import gettext as _

from tessera.access.events import AppRegistered, AppRemoved, AppSecretRotated
from tessera.access.scopes import IDENTITY, scopes_offered
from tessera.access.services import sign_out_app
from tessera.accounts.oauth.models import App
from tessera.context import current
from tessera.errors import NotFound, Problem, Refused
from tessera.events import publish
from tessera.service import service

MOST_ADDRESSES = 10
LONGEST_ADDRESS = 500
LOOPBACK = ("127.0.0.1", "::1")


@dataclass(frozen=True)
class PartnerApp:
    """A registered app: the id by which it says who it is, where codes go, and what it may ask for."""

    client_id: str
    name: str
    redirect_uris: list[str]
    scopes: list[str]
    confidential: bool
    registered_at: datetime


@dataclass(frozen=True)
class RegisteredApp:
    """An app and its new secret, which is shown this once and stored as a hash; "" for one that can keep none."""

    app: PartnerApp
    secret: str = field(metadata={"secret": True})


def shown(client: Client) -> PartnerApp:
    """Return what is shown of an app."""
    confidential = client.type == Client.Type.CONFIDENTIAL
    return PartnerApp(client.id, client.name, client.get_redirect_uris(), client.get_scopes(), confidential, client.created_at)


def list_apps() -> list[PartnerApp]:
    """Return the apps that were registered for this company, by name."""
    apps = App.objects.filter(tenant_id=current().tenant.id).select_related("client")
    return [shown(app.client) for app in apps.order_by("client__name", "client_id")]


@service(permission="access.app_manage")
def register_app(*, name: str, redirect_uris: list[str], scopes: list[str], confidential: bool = False) -> RegisteredApp:
    """Register an app that members of this company may let in; a `confidential` one runs on a server and keeps a secret.

    Refused: no name, an address codes must not go to, a scope that is not offered.
    """
    made = make_app(
        name=name, redirect_uris=redirect_uris, scopes=scopes, confidential=confidential, tenant_id=current().tenant.id
    )
    publish(AppRegistered(subject=UUID(hex=made.app.client_id), title=made.app.name))
    return made


@service(permission="access.app_manage")
def rotate_app_secret(*, client_id: str) -> RegisteredApp:
    """Give a confidential app a new secret; the one before is worth nothing from now on."""
    client = _of_here(client_id)
    if client.type != Client.Type.CONFIDENTIAL:
        raise Refused("STATE", _("This app keeps no secret."), "client_id")
    secret = get_adapter().generate_client_secret()
    client.set_secret(secret)
    client.save(update_fields=["secret"])
    publish(AppSecretRotated(subject=UUID(hex=client.id)))
    return RegisteredApp(shown(client), secret)


@service(permission="access.app_manage")
def remove_app(*, client_id: str) -> None:
    """Remove an app of this company: it is signed out everywhere, and nobody can let it in again."""
    client = _of_here(client_id)
    sign_out_app(app=client.id)
    publish(AppRemoved(subject=UUID(hex=client.id)))
    client.delete()


def _of_here(client_id: str) -> Client:
    found = App.objects.select_related("client").filter(client=client_id, tenant_id=current().tenant.id).first()
    if found is None:
        raise NotFound
    return found.client


def make_app(
    *, name: str, redirect_uris: list[str], scopes: list[str], confidential: bool, tenant_id: UUID | None, is_ours: bool = False
) -> RegisteredApp:
    """Write an app into the public tables, for one tenant or for all; refuse what it must not be."""
    _check(name, redirect_uris, scopes)
    secret = get_adapter().generate_client_secret() if confidential else ""
    client = Client(
        name=name.strip(), type=Client.Type.CONFIDENTIAL if confidential else Client.Type.PUBLIC, skip_consent=is_ours
    )
    client.set_redirect_uris(redirect_uris)
    client.set_scopes([*IDENTITY, *(each for each in scopes if each not in IDENTITY)])
    client.set_grant_types([Client.GrantType.AUTHORIZATION_CODE, Client.GrantType.REFRESH_TOKEN])
    if secret:
        client.set_secret(secret)
    with transaction.atomic(using="shared"):
        client.save()
        App.objects.create(client=client, tenant_id=tenant_id, is_ours=is_ours)
    return RegisteredApp(shown(client), secret)


def _check(name: str, redirect_uris: list[str], scopes: list[str]) -> None:
    problems = []
    if not name.strip() or len(name.strip()) > 100 or not name.isprintable():
        problems.append(Problem("INVALID", _("An app has a name of at most 100 characters."), ("name",)))
    if not 0 < len(redirect_uris) <= MOST_ADDRESSES:
        problems.append(Problem("REQUIRED", _("Name one to ten addresses that codes go to."), ("redirect_uris",)))
    for place, uri in enumerate(redirect_uris):
        if not _may_get_codes(uri):
            refused = _("Codes go to https addresses, to an app's own scheme such as com.example.app:/done, or to 127.0.0.1.")
            problems.append(Problem("INVALID", refused, ("redirect_uris", str(place))))
    offered = scopes_offered()
    for place, scope in enumerate(scopes):
        if scope not in offered:
            problems.append(Problem("INVALID", _("There is no scope {scope}.").format(scope=scope), ("scopes", str(place))))
    if problems:
        raise Refused.of(problems)


def _may_get_codes(uri: str) -> bool:
    if len(uri) > LONGEST_ADDRESS or not uri.isascii() or not uri.isprintable() or set(uri) & set(" *#\\"):
        return False
    try:
        parts = urlsplit(uri)
        host = parts.hostname
        parts.port  # noqa: B018 (reading it checks it)
    except ValueError:
        return False
    if parts.scheme in ("http", "https"):
        return bool(host) and "@" not in parts.netloc and (parts.scheme == "https" or host in LOOPBACK)
    return "." in parts.scheme  # a scheme that is a domain turned round cannot be one that browsers run, such as javascript
