"""From a stranger's wish to a company's tenant: ask, confirm by mail, done; each step may be said twice.

Every step commits on its own, so a kill between any two leaves a state from which the same link
goes on to the same one tenant.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override
from tessera.accounts.models import Account
from tessera.accounts.selectors import account_at
from tessera.errors import Problem, Refused
from tessera.module import modules as installed
from tessera.signing import BadToken, sign_public, unsign_public

from tenants.hosts import accounts_url, tenant_url
from tenants.installations import enable_modules
from tenants.models import SignUp, Tenant
from tenants.people import account_of, make_owner
from tenants.provisioning import check_slug, register_tenant, set_state
from tenants.throttle import count_sign_up
from tenants.wishes import Wish, check_wish, keep_wish

PURPOSE = "sign up"
LIFETIME = timedelta(hours=24)


@dataclass(frozen=True)
class Asked:
    """A sign-up that waits for its address to be confirmed."""

    id: UUID
    email: str


@dataclass(frozen=True)
class Confirmed:
    """A sign-up that is done; `new_account` is said only the first time, to who made the account."""

    tenant_id: UUID
    slug: str
    url: str
    account_id: UUID
    new_account: bool


def offered_modules(wished: Collection[str] = ()) -> list[tuple[str, str]]:
    """Return (label, title) of what can be chosen at sign-up: the bundles, and what somebody came wishing for."""
    return [(label, str(module.title)) for label, module in installed().items() if module.is_bundle or label in wished]


def request_signup(
    *,
    company: str,
    slug: str,
    email: str,
    password: str,
    modules: Iterable[str],
    language: str = "en",
    ip: str = "",
    wish: Wish | None = None,
) -> Asked:
    """Keep a sign-up and send the link that confirms it; `wish` is what was chosen before (see `tenants.wishes`).

    Raises Refused with every finding (company, slug, email, password, modules, choice), ApiError RATE_LIMITED.
    The answer is the same for an address that has an account and one that has none.
    """
    email, chosen = email.strip().lower(), sorted(set(modules))
    count_sign_up(email=email, ip=ip)
    check_wish(wish)
    name = _check(company=company, slug=slug, email=email, password=password, modules=chosen)
    known = {code for code, _title in settings.LANGUAGES}
    with transaction.atomic(using="shared"):
        sign_up = SignUp.objects.create(
            company=company.strip(),
            slug=name,
            email=email,
            password=make_password(password),
            modules=chosen,
            wish=wish,
            language=language if language in known else settings.LANGUAGE_CODE,
            ip=ip or None,
        )
    _send_link(sign_up)
    return Asked(sign_up.pk, email)


def _check(*, company: str, slug: str, email: str, password: str, modules: list[str]) -> str:
    problems: list[Problem] = []
    name = ""
    if not company.strip():
        problems.append(Problem("REQUIRED", _("A value is required."), ("company",)))
    elif len(company.strip()) > 200 or "\0" in company:
        problems.append(Problem("INVALID", _("The value is not allowed."), ("company",)))
    try:
        name = check_slug(slug)
    except Refused as refused:
        problems.extend(refused.problems)
    for field, check, value in (("email", validate_email, email), ("password", _check_password(email), password)):
        try:
            check(value)
        except ValidationError as error:
            problems.extend(Problem("INVALID", message, (field,)) for message in error.messages)
    offered = {label for label, _title in offered_modules()} | set(installed())
    problems.extend(
        Problem("NOT_FOUND", _("There is no module %(name)s.") % {"name": label}, ("modules",))
        for label in modules
        if label not in offered
    )
    if problems:
        raise Refused.of(problems)
    return name


def _check_password(email: str):
    return lambda password: validate_password(password, Account(email=email))


def _send_link(sign_up: SignUp) -> None:
    link = accounts_url(f"/signup/confirm/{sign_public(PURPOSE, sign_up.pk.hex)}")
    with override(sign_up.language):
        text = render_to_string("tenants/mail/confirm.txt", {"company": sign_up.company, "link": link})
        subject = _("Confirm your sign-up to Tessera")
    send_mail(subject, text, None, [sign_up.email])


def signup_of(token: str) -> SignUp:
    """Return the sign-up that a link stands for; Refused TOKEN for a link that is forged, too old or unknown."""
    try:
        pk = UUID(unsign_public(PURPOSE, token, LIFETIME))
    except (BadToken, ValueError, AttributeError, TypeError):
        pk = None
    found = SignUp.objects.filter(pk=pk).first() if pk else None
    if found is None:
        raise Refused("TOKEN", _("This link is not valid any more. Please sign up again."), "token")
    return found


def confirm_signup(*, token: str) -> Confirmed:
    """Make the account, the tenant and its owner of a confirmed sign-up; said again, it only finishes.

    Raises Refused TOKEN for a bad link, UNIQUE when the address was taken in the meantime.
    """
    return finish_signup(signup_of(token))


def finish_signup(sign_up: SignUp) -> Confirmed:
    """Take a sign-up through the steps that it has not gone yet."""
    new_account = _accept(sign_up)
    tenant = sign_up.tenant
    account = account_at(sign_up.email)
    if account is None:
        raise Account.DoesNotExist(f"the account of sign-up {sign_up.pk} is gone")
    if sign_up.state != SignUp.State.DONE:
        enable_modules(tenant=tenant, modules=sign_up.modules)
        make_owner(tenant=tenant, account=account)
        _open(sign_up)
    return Confirmed(tenant.pk, tenant.slug, tenant_url(tenant.slug), account.pk, new_account)


def _accept(sign_up: SignUp) -> bool:
    """Make the account and the tenant with its schema's name, in one public transaction, once."""
    with transaction.atomic(using="shared"):
        SignUp.objects.select_for_update().get(pk=sign_up.pk)
        sign_up.refresh_from_db()
        if sign_up.state != SignUp.State.ASKED:
            return False
        _account, is_new = account_of(sign_up)
        sign_up.tenant = register_tenant(
            company=sign_up.company, slug=sign_up.slug, modules=sign_up.modules, language=sign_up.language
        )
        keep_wish(sign_up.tenant, sign_up.wish)
        sign_up.state, sign_up.password = SignUp.State.CONFIRMED, ""
        sign_up.save()
        return is_new


def _open(sign_up: SignUp) -> None:
    with transaction.atomic(using="shared"):
        if sign_up.tenant.state == Tenant.State.PREPARING:
            set_state(tenant=sign_up.tenant, state=Tenant.State.ACTIVE)
        SignUp.objects.filter(pk=sign_up.pk).update(state=SignUp.State.DONE)
        sign_up.state = SignUp.State.DONE


def forget_sign_ups(*, before: datetime) -> int:
    """Delete sign-ups asked for before a moment whose link is used or too old; return how many. Half-done ones are finished first."""
    with transaction.atomic(using="shared"):
        return SignUp.objects.filter(created_at__lt=before).exclude(state=SignUp.State.CONFIRMED).delete()[0]
