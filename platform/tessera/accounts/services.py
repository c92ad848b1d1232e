"""Make accounts, say where they belong, and carry a login from the accounts host to a tenant's.

These write public tables, so they are plain functions in a transaction of `shared`; a tenant's
transaction is another one, and every step here may be said twice.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from tessera.access.selectors import active_member
from tessera.access.services import follow_address
from tessera.accounts.models import Account, LoginCode, Membership, TenantSession
from tessera.context import TenantRef, acting, system
from tessera.errors import ApiError, Code, Problem, Refused
from tessera.signing import BadToken, sign_public, unsign_public

CODE_LIFETIME = timedelta(seconds=60)
BROWSER_LIFETIME = timedelta(days=7)
PROGRAM_LIFETIME = timedelta(hours=12)
PURPOSE = "login code"
SESSION_PREFIX = "tsr_s_"


def digest(secret: str) -> str:
    """Return the hash under which a secret of 256 random bits is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def check_password_rules(password: str, account: Account | None = None) -> None:
    """Refuse a password that the rules do not allow, with one finding per rule."""
    try:
        validate_password(password, account)
    except ValidationError as error:
        raise Refused.of(Problem("INVALID", message, ("password",)) for message in error.messages) from None


def create_account(*, email: str, password: str, name: str = "", language: str = "en", verified: bool = False) -> Account:
    """Make an account; `verified` says that the person has shown to read this address.

    Refused: a password against the rules (INVALID), an address that has an account (UNIQUE).
    """
    email = email.strip().lower()
    check_password_rules(password, Account(email=email, name=name))
    try:
        with transaction.atomic(using="shared"):
            account = Account.objects.create_user(email, password, name=name, language=language)
            EmailAddress.objects.create(user=account, email=email, primary=True, verified=verified)
    except IntegrityError:
        raise Refused("UNIQUE", _("There is an account with this address already."), "email") from None
    return account


def mark_email_verified(*, account: Account) -> None:
    """Note that the account's own address was shown to be the person's."""
    with transaction.atomic(using="shared"):
        EmailAddress.objects.update_or_create(user=account, email=account.email, defaults={"verified": True, "primary": True})


def add_membership(*, account_id: UUID, tenant_id: UUID) -> None:
    """Index that an account has a member in a tenant."""
    Membership.objects.get_or_create(account_id=account_id, tenant_id=tenant_id)


def index_owner(*, account_id: UUID, tenant_id: UUID) -> None:
    """Index that an account has the member who owns a tenant, and nobody else has."""
    with transaction.atomic(using="shared"):
        Membership.objects.filter(tenant_id=tenant_id, is_owner=True).exclude(account_id=account_id).update(is_owner=False)
        row = Membership(account_id=account_id, tenant_id=tenant_id, is_owner=True)
        Membership.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["account", "tenant_id"], update_fields=["is_owner"]
        )


def remove_membership(*, account_id: UUID, tenant_id: UUID) -> None:
    """Take an account out of the index of a tenant, with its sessions there."""
    here = Q(account_id=account_id, tenant_id=tenant_id)
    with transaction.atomic(using="shared"):
        for model in (Membership, LoginCode, TenantSession):
            model.objects.filter(here).delete()


def issue_code(*, account: Account, tenant_id: UUID, state: str = "", login: str = "") -> str:
    """Return a code with which `account` signs in on the tenant's host, once, within a minute.

    `state` and `login` are hashes, see `LoginCode`; NOT_FOUND where the account is no member.
    """
    if not Membership.objects.filter(account=account, tenant_id=tenant_id).exists():
        raise ApiError(Code.NOT_FOUND, _("You are no member of this company."))
    secret = secrets.token_urlsafe(32)
    expires_at = timezone.now() + CODE_LIFETIME
    LoginCode.objects.create(
        hash=digest(secret),
        account=account,
        account_epoch=account.epoch,
        tenant_id=tenant_id,
        state=state,
        login=login,
        expires_at=expires_at,
    )
    return sign_public(PURPOSE, [tenant_id.hex, secret])


def redeem_code(*, tenant: TenantRef, code: str, state: str = "", lifetime: timedelta) -> tuple[str, TenantSession]:
    """Turn a code into a session of the tenant that is entered; return the session's secret key.

    UNAUTHENTICATED for a code that is forged, used, late, older than the password, of another tenant or
    another browser, or whose account is no active member here.
    """
    refusal = ApiError(Code.UNAUTHENTICATED, _("This sign-in is not valid any more. Sign in again."))
    try:
        tenant_id, secret = unsign_public(PURPOSE, code, CODE_LIFETIME)
    except BadToken:
        raise refusal from None
    if tenant_id != tenant.id.hex:
        raise refusal
    with transaction.atomic(using="shared"):
        found = LoginCode.objects.select_for_update().select_related("account").filter(hash=digest(secret)).first()
        if found is None:
            raise refusal
        valid = found.expires_at > timezone.now() and found.tenant_id == tenant.id and found.state == state
        account = found.account
        found.delete()
    alive = valid and account.is_active and account.epoch == found.account_epoch
    member = active_member(account_id=account.pk) if alive else None
    if member is None:
        raise refusal
    if member.email != account.email:
        with acting(system("sign-in")):
            follow_address(member=member, email=account.email)
    return _open_session(account, tenant.id, member.pk, member.epoch, found.login, timezone.now() + lifetime)


def _open_session(
    account: Account, tenant_id: UUID, member_id: UUID, member_epoch: int, login: str, expires_at: datetime
) -> tuple[str, TenantSession]:
    key = SESSION_PREFIX + secrets.token_urlsafe(32)
    session = TenantSession.objects.create(
        hash=digest(key),
        account=account,
        account_epoch=account.epoch,
        tenant_id=tenant_id,
        member_id=member_id,
        member_epoch=member_epoch,
        login=login,
        expires_at=expires_at,
    )
    return key, session


def end_session(*, key: str) -> None:
    """End the session with this key, if there is one."""
    TenantSession.objects.filter(hash=digest(key)).delete()


def end_login(*, account: Account, login: str) -> None:
    """End all that a sign-in on the accounts host has led to on tenants' hosts."""
    mine = {"account": account, "login": login}
    with transaction.atomic(using="shared"):
        LoginCode.objects.filter(**mine).delete()
        TenantSession.objects.filter(**mine).delete()


def forget_expired() -> int:
    """Delete codes and sessions whose time is over; return how many."""
    late = Q(expires_at__lt=timezone.now())
    return sum(model.objects.filter(late).delete()[0] for model in (LoginCode, TenantSession))
