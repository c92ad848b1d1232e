"""Signing in without a browser: e-mail, password and second factor for one code per company."""

from allauth.account.forms import LoginForm
from allauth.account.models import EmailAddress
from allauth.core import ratelimit
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.utils import is_mfa_enabled
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _

from tessera.accounts.addresses import tenant_url
from tessera.accounts.models import Account
from tessera.accounts.selectors import tenants_of
from tessera.accounts.services import issue_code
from tessera.accounts.views.answers import body_of, failure, json_view
from tessera.errors import ApiError, Code


@json_view
def login(request: HttpRequest) -> JsonResponse:
    """Take `{email, password, code?}`; return the account and its companies, each with a code for its host.

    `code` is that of an authenticator app or a recovery code. Wrong e-mail and wrong password are
    answered alike; so is everything after too many attempts.
    """
    if request.method != "POST":
        return failure(Code.BAD_INPUT, "Use POST.", 405)
    body = body_of(request, ("email", "password"), ("code",))
    account = _checked_password(request, body)
    _check_second_factor(account, body.get("code", ""))
    return JsonResponse(
        {
            "account": {"id": str(account.pk), "email": account.email, "name": account.name},
            "tenants": [
                {
                    "id": str(tenant.id),
                    "name": tenant.name,
                    "slug": tenant.slug,
                    "url": tenant_url(tenant),
                    "code": issue_code(account=account, tenant_id=tenant.id),
                }
                for tenant in tenants_of(account)
            ],
        }
    )


def _checked_password(request: HttpRequest, body: dict[str, str]) -> Account:
    if not ratelimit.consume(request, action="login"):
        raise _too_many()
    form = LoginForm({"login": body["email"], "password": body["password"]}, request=request)
    if not form.is_valid():
        raise _too_many() if "too_many_login_attempts" in _codes(form) else _wrong()
    account = form.user
    if not account.is_active:
        raise _wrong()
    if not EmailAddress.objects.filter(user=account, email__iexact=body["email"].strip(), verified=True).exists():
        raise ApiError(Code.FORBIDDEN, _("Confirm your e-mail address first."), reason="EMAIL_UNVERIFIED")
    return account


def _check_second_factor(account: Account, code: str) -> None:
    if not is_mfa_enabled(account):
        return
    if not code:
        raise ApiError(Code.UNAUTHENTICATED, _("A code of your second factor is needed."), reason="SECOND_FACTOR", field=["code"])
    form = AuthenticateForm({"code": code}, user=account)
    with transaction.atomic(using="shared"):  # a recovery code is used up under a lock
        if form.is_valid():
            form.authenticator.record_usage()
            return
    raise _too_many() if "too_many_login_attempts" in _codes(form) else _wrong("code")


def _codes(form: Form) -> set[str]:
    return {str(error.code) for errors in form.errors.as_data().values() for error in errors}


def _wrong(*field: str) -> ApiError:
    more = {"field": list(field)} if field else {}
    return ApiError(Code.UNAUTHENTICATED, _("The e-mail address, the password or the code is not correct."), **more)


def _too_many() -> ApiError:
    return ApiError(Code.RATE_LIMITED, _("Too many attempts. Try again later."))
