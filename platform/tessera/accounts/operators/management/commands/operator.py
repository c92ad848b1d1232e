"""Make and end operators: the accounts that may open the platform's own pages. There is no other way to become one."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tessera.accounts.addresses import accounts_url
from tessera.accounts.models import Account
from tessera.accounts.operators.rights import OPERATOR_RIGHTS
from tessera.accounts.operators.services import end_operator, make_operator
from tessera.errors import Refused


class Command(BaseCommand):
    help = "List, make or end operators of the platform, and list the rights that they can have."

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("list", help="show the operators with their rights")
        acts.add_parser("rights", help="show the rights there are")
        making = acts.add_parser("make", help="make an account an operator, or change its rights; one that is not there is made")
        making.add_argument("email")
        making.add_argument("--name", default="", help="of a new account")
        making.add_argument("--right", action="append", default=[], help="what it may do beside looking; may be repeated")
        making.add_argument("--all-rights", action="store_true", help="give it every right there is now")
        acts.add_parser("end", help="make an operator an account like any other").add_argument("email")

    def handle(self, *args: Any, act: str, **options: Any) -> None:
        try:
            getattr(self, f"_{act}")(**options)
        except Refused as refused:
            raise CommandError("; ".join(problem.message for problem in refused.problems)) from refused

    def _list(self, **options: Any) -> None:
        for account in Account.objects.filter(is_staff=True).order_by("email"):
            self.stdout.write(f"{account.email:40} {', '.join(account.operator_rights) or 'may look'}")

    def _rights(self, **options: Any) -> None:
        for code, title in sorted(OPERATOR_RIGHTS.items()):
            self.stdout.write(f"{code:30} {title}")

    def _make(self, email: str, name: str, right: list[str], all_rights: bool, **options: Any) -> None:
        account, is_new = make_operator(email=email, name=name, rights=OPERATOR_RIGHTS if all_rights else right)
        self.stdout.write(f"{account.email} is an operator: {accounts_url('/operators/')}")
        if is_new:
            self.stdout.write(f"set a password at {accounts_url('/account/password/reset/')}, then a second factor")

    def _end(self, email: str, **options: Any) -> None:
        end_operator(email=email)
        self.stdout.write(f"{email} is no operator any more")
