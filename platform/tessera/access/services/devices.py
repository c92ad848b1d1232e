"""Sign apps in on devices, renew what they act with, and find out who shows a token that was used up.

One row stands for one device. A refresh token is signed for it and good once: whoever shows an older one has a copy of what
somebody else went on with, and nobody can say which of the two is the thief, so both are signed out. An answer may get lost,
though: for a moment the token just used gets the same answer again, and nothing new, so that two who have it go on with one and the
same next token, and are found out when the second of them shows that.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import orjson
from cryptography.fernet import Fernet
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from tessera.access.events import DeviceRefreshReused, DeviceSignedIn
from tessera.access.models import AccessToken, Member
from tessera.access.scopes import is_within
from tessera.access.services.tokens import SHOWN, digest, end_tokens
from tessera.context import current
from tessera.errors import Refused
from tessera.events import publish
from tessera.service import service
from tessera.signing import BadToken, sign, unsign
from tessera.unit_of_work import lock_for_update

ACCESS, REFRESH = "tsr_a", "tsr_r"
PURPOSE = "refresh token"
ACCESS_LIFETIME = timedelta(hours=1)
RENEWABLE = timedelta(days=60)  # without being used
ANSWERED_AGAIN = timedelta(seconds=30)


@dataclass(frozen=True)
class DeviceSecrets:
    """What an app gets for a device: shown this once, stored as hashes."""

    access: str
    refresh: str


@dataclass(frozen=True)
class Renewal:
    """A device that may be renewed, or was a moment ago: then `answered` are the secrets that it was given."""

    device: AccessToken
    answered: DeviceSecrets | None = None


@dataclass(frozen=True)
class DeviceOf:
    """What an app tells of the device it runs on."""

    name: str
    platform: str
    place: str


def new_secrets(device: UUID) -> DeviceSecrets:
    """Return new secrets for a device of the tenant that is entered; both say of which tenant they are."""
    tenant = current().tenant.id.hex
    signed = sign(PURPOSE, [device.hex, secrets.token_urlsafe(32)])
    return DeviceSecrets(f"{ACCESS}_{tenant}_{secrets.token_urlsafe(32)}", f"{REFRESH}_{tenant}_{signed}")


def tenant_of(secret: str) -> UUID | None:
    """Return the tenant that a secret of a device says it is of, None for anything else."""
    parts = secret.split("_", 3)
    if len(parts) != 4 or f"{parts[0]}_{parts[1]}" not in (ACCESS, REFRESH):
        return None
    try:
        return UUID(hex=parts[2])
    except ValueError:
        return None


@service()
def sign_in_device(
    *,
    device: UUID,
    member: Member,
    account_epoch: int,
    app: str,
    app_name: str,
    scopes: list[str],
    about: DeviceOf,
    given: DeviceSecrets,
) -> AccessToken:
    """Keep that a member is signed in to an app on a new device."""
    now = timezone.now()
    made = AccessToken(
        id=device,
        member=member,
        kind=AccessToken.Kind.APP,
        name=about.name[:100] or app_name,
        platform=about.platform[:60],
        place=about.place,
        app=app,
        app_name=app_name,
        scopes=sorted(set(scopes)),
        granted=sorted(set(scopes)),
        epoch=member.epoch,
        account_epoch=account_epoch,
        last_used_at=now,
        **_columns(given),
    )
    made.save()
    publish(DeviceSignedIn(subject=made.pk, member=member.pk, app=app, device=made.name))
    return made


@service()
def renew_device(
    *, refresh: str, app: str, given: DeviceSecrets | None = None, scopes: list[str] | None = None, place: str = ""
) -> Renewal | None:
    """Replace the secrets of the device that `refresh` is for; without `given` ones only look whether it could be done.

    The new access token has `scopes`, a part of what was granted, or all of it. None where the refresh token is worth nothing:
    forged, of another app, too old, of somebody who was cut off. One that was used already signs the device out, whoever has
    it, unless it is the last one and was used a moment ago: then nothing is replaced, and its answer is told again.
    """
    found = _device_of(refresh, app)
    if found is None:
        return None
    if answered := _answered(found, refresh):
        return Renewal(found, answered)
    if found.refresh_hash != digest(refresh):
        end_tokens(AccessToken.objects.filter(pk=found.pk))
        publish(DeviceRefreshReused(subject=found.pk, member=found.member_id, app=app, device=found.name))
        return None
    if given is not None:  # once an hour on each device, and all of it derived: no matter for the audit
        now = timezone.now()
        wanted = found.granted if scopes is None else sorted(each for each in set(scopes) if is_within(each, found.granted))
        values = _columns(given) | {"last_used_at": now, "place": place, "scopes": wanted, "renewed_at": now}
        kept = _sealed_by(refresh).encrypt(orjson.dumps([given.access, given.refresh])).decode()
        AccessToken.objects.filter(pk=found.pk).update_unaudited(**values, previous_hash=digest(refresh), successor=kept)
    return Renewal(found)


def _answered(device: AccessToken, refresh: str) -> DeviceSecrets | None:
    """Return what was answered to a refresh token, if it is the one that was used last, a moment ago."""
    if device.renewed_at is None or device.previous_hash != digest(refresh):
        return None
    if timezone.now() - device.renewed_at > ANSWERED_AGAIN:
        return None
    return DeviceSecrets(*orjson.loads(_sealed_by(refresh).decrypt(device.successor.encode())))


def _sealed_by(refresh: str) -> Fernet:
    """Return what seals with a key made of a refresh token, which is stored nowhere: only who has it can open that."""
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"successor:{refresh}".encode()).digest()))


def _device_of(refresh: str, app: str) -> AccessToken | None:
    try:
        key, _random = unsign(PURPOSE, refresh.split("_", 3)[3], RENEWABLE)
    except (BadToken, IndexError):
        return None
    device = lock_for_update(AccessToken.objects.filter(pk=UUID(hex=key), app=app, revoked_at=None))
    if not device or device[0].renewable_until <= timezone.now():
        return None
    member = Member.objects.get(pk=device[0].member_id)
    alive = member.state == Member.State.ACTIVE and member.epoch == device[0].epoch
    return device[0] if alive else None


def _columns(given: DeviceSecrets) -> dict:
    now = timezone.now()
    return {
        "hash": digest(given.access),
        "prefix": given.access[:SHOWN],
        "refresh_hash": digest(given.refresh),
        "expires_at": now + ACCESS_LIFETIME,
        "renewable_until": now + RENEWABLE,
    }


@service()
def sign_out_device(*, app: str, secret: str = "", device: UUID | None = None) -> None:
    """Sign an app out on a device, named by its key or by a secret of it that is good now."""
    mine = AccessToken.objects.filter(app=app, revoked_at=None)
    named = Q(pk=device) if device else Q(hash=digest(secret)) | Q(refresh_hash=digest(secret))
    end_tokens(mine.filter(named))


@service()
def sign_out_app(*, app: str) -> int:
    """Sign an app out on every device; return on how many."""
    return end_tokens(AccessToken.objects.filter(app=app))


@service(permission="access.push_token_set")
def set_push_token(*, service: AccessToken.PushService | None = None, token: str = "") -> AccessToken:
    """Keep where the device in use is notified, or forget it with an empty token; only an app has a device."""
    found = lock_for_update(AccessToken.objects.filter(pk=current().actor.token_id, kind=AccessToken.Kind.APP, revoked_at=None))
    if not found:
        raise Refused("STATE", _("Only an app that is signed in on a device can be notified."), "token")
    if bool(token) != bool(service):
        raise Refused("REQUIRED", _("A push token and its service are given together."), "token" if service else "service")
    device = found[0]
    AccessToken.objects.filter(push_token=token).exclude(push_token="").exclude(pk=device.pk).update(
        push_service="", push_token=""
    )
    device.push_service, device.push_token = service or "", token
    device.save()
    return device
