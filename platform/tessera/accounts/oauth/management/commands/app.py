"""Register apps for all companies from the command line: the operator's own, and those of partners of all."""

from typing import Any

from allauth.idp.oidc.models import Client
from django.core.management.base import BaseCommand, CommandError

from tessera.accounts.oauth.models import App
from tessera.accounts.oauth.services import make_app
from tessera.errors import Refused


class Command(BaseCommand):
    help = "List, register or remove apps that members of every company may let in."

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("list", help="show the apps that are for every company")
        adding = acts.add_parser("register", help="register an app; its secret is shown this once")
        adding.add_argument("name", help="how people know it")
        adding.add_argument("--redirect", action="append", required=True, help="an address that codes go to; may be repeated")
        adding.add_argument("--scope", action="append", default=[], help="what it may ask for; may be repeated")
        adding.add_argument("--confidential", action="store_true", help="it runs on a server, and keeps a secret")
        adding.add_argument(
            "--ours", action="store_true", help="it is let in unasked, and sends only documents it was built with"
        )
        removing = acts.add_parser("remove", help="remove an app: what it is signed in with is dead")
        removing.add_argument("client_id")

    def handle(self, *args: Any, act: str, **options: Any) -> None:
        getattr(self, f"_{act}")(**options)

    def _list(self, **options: Any) -> None:
        for app in App.objects.filter(tenant_id=None).select_related("client").order_by("client__name"):
            self.stdout.write(f"{app.client_id} {'ours' if app.is_ours else 'partner':8} {app.client.name}")

    def _register(self, name: str, redirect: list[str], scope: list[str], confidential: bool, ours: bool, **options: Any) -> None:
        try:
            made = make_app(
                name=name, redirect_uris=redirect, scopes=scope, confidential=confidential, tenant_id=None, is_ours=ours
            )
        except Refused as refused:
            raise CommandError("; ".join(problem.message for problem in refused.problems)) from refused
        self.stdout.write(f"client id      {made.app.client_id}")
        if made.secret:
            self.stdout.write(f"client secret  {made.secret}")

    def _remove(self, client_id: str, **options: Any) -> None:
        if not Client.objects.filter(pk=client_id, app__tenant_id=None).delete()[0]:
            raise CommandError(f"there is no app {client_id} of all companies")
