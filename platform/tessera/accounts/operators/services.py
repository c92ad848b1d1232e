"""Make operators, take them back, and write down what they do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from tessera.accounts.models import Account, Membership
from tessera.accounts.operators.models import OperatorAct
from tessera.accounts.operators.rights import OPERATOR_RIGHTS
from tessera.errors import Problem, Refused


@dataclass(frozen=True)
class Operator:
    """Who acts for the platform: an account with its rights, or the command line, which has them all."""

    name: str
    account_id: UUID | None = None
    rights: frozenset[str] | None = None

    def demand(self, right: str) -> None:
        """Refuse with FORBIDDEN who lacks a right."""
        if self.rights is not None and right not in self.rights:
            raise Refused("FORBIDDEN", _("This needs the right %(right)s.") % {"right": right})


COMMAND_LINE = Operator("manage.py")


def operator_of(account: Account) -> Operator:
    """Return an account as the operator it is; one that is none has no rights."""
    rights = account.operator_rights if account.is_active and account.is_staff else []
    return Operator(account.email, account.pk, frozenset(rights))


def record_act(
    operator: Operator, act: str, *, subject: str, key: object, reason: str = "", details: dict[str, Any] | None = None
) -> None:
    """Write what an operator does, in the transaction in force, which must be the deed's. Refused: REQUIRED without a reason."""
    if operator.account_id is not None and not reason.strip():
        raise Refused("REQUIRED", _("Say why."), "reason")
    if not transaction.get_connection("shared").in_atomic_block:
        raise RuntimeError("what an operator does is written in the transaction of the deed")
    OperatorAct.objects.create(
        account_id=operator.account_id,
        name=operator.name,
        act=act,
        subject=subject[:300],
        key=str(key),
        reason=reason.strip()[:300],
        details=details or {},
    )


def make_operator(*, email: str, name: str = "", rights: Iterable[str] = ()) -> tuple[Account, bool]:
    """Make an account an operator with just these rights; return it and whether it is new: it has no password then.

    Refused: INVALID for an address that is none, NOT_FOUND for an unknown right, STATE for an account that belongs to a company.
    """
    email, wanted = email.strip().lower(), sorted(set(rights))
    try:
        validate_email(email)
    except ValidationError as error:
        raise Refused("INVALID", _("This is no e-mail address."), "email") from error
    if unknown := [right for right in wanted if right not in OPERATOR_RIGHTS]:
        raise Refused.of(
            Problem("NOT_FOUND", _("There is no right %(right)s.") % {"right": right}, ("rights",)) for right in unknown
        )
    with transaction.atomic(using="shared"):
        account = Account.objects.select_for_update().filter(email=email).first()
        is_new = account is None
        if account is None:
            account = Account.objects.create_user(email, name=name)
            EmailAddress.objects.create(user=account, email=email, primary=True, verified=True)
        elif Membership.objects.filter(account=account).exists():
            raise Refused("STATE", _("This account belongs to a company: an operator needs one of its own."), "email")
        account.is_staff, account.operator_rights = True, wanted
        account.save(update_fields=["is_staff", "operator_rights"])
        record_act(COMMAND_LINE, "operator.make", subject=email, key=account.pk, details={"rights": wanted})
    return account, is_new


def end_operator(*, email: str) -> None:
    """Make an operator an account like any other, from its next request on. Refused: NOT_FOUND."""
    with transaction.atomic(using="shared"):
        account = Account.objects.select_for_update().filter(email=email.strip().lower(), is_staff=True).first()
        if account is None:
            raise Refused("NOT_FOUND", _("There is no operator %(email)s.") % {"email": email}, "email")
        account.is_staff, account.operator_rights = False, []
        account.save(update_fields=["is_staff", "operator_rights"])
        record_act(COMMAND_LINE, "operator.end", subject=account.email, key=account.pk)
