"""Look after what is sold and what was bought. Each subcommand is a function that adds its parser, and one that runs it."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from tessera.errors import Refused
from tessera.module import modules

from billing.catalogue.offers import Catalogue
from billing.catalogue.rules import problems_of
from billing.catalogue.selectors import catalogue, declared
from billing.catalogue.sync import sync_catalogue
from billing.catalogue.syncing.found import SyncRefused
from billing.events.quarantine import release_event
from billing.gateway.client import Unreachable, stripe_client
from billing.management.commands._favours import add_favour
from billing.management.commands._figures import add_figures
from billing.mirror.reconciling import reconcile_with_stripe
from billing.models import StripeEvent
from billing.partners.commands import add_partners, add_refund


class Command(BaseCommand):
    help = (
        "Show and check the catalogue and bring it to Stripe, compare with Stripe, look after events in quarantine, show the "
        "figures, give a company a module or a longer trial, pay partners, and give money back."
    )
    requires_system_checks: list[str] = []  # what is wrong with the catalogue is told by `catalogue check` itself

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        adding = (add_catalogue, add_sync, add_reconcile, add_quarantine, add_figures, add_favour, add_partners, add_refund)
        for add_subcommand in adding:
            add_subcommand(acts)

    def handle(self, *args: Any, run: Any, **options: Any) -> None:
        run(self, **options)


def add_catalogue(acts: Any) -> None:
    """Add `billing catalogue show|check`."""
    parser = acts.add_parser("catalogue", help="show what is sold, or check it")
    parser.add_argument(
        "what", nargs="?", choices=["show", "check"], default="show", help="show it, or only name what is wrong with it"
    )
    parser.set_defaults(run=run_catalogue)


def run_catalogue(command: BaseCommand, *, what: str, **options: Any) -> None:
    """Write the offers with what they cost and give; `check` only names what is wrong."""
    found = sound_catalogue(command)
    if what == "show":
        for offer in found.offers:
            gives = [*sorted(offer.gives.modules), *([f"{offer.gives.seats} seats"] if offer.gives.seats else [])]
            command.stdout.write(f"{offer.key:24} {', '.join(gives)}{'' if offer.sold else ' (not sold any more)'}")
            for quota in offer.gives.quotas:
                command.stdout.write(f"    {quota.counted:32} {quota.included:>14} {quota.limit}")
            for price in offer.prices:
                command.stdout.write(f"    {price.lookup_key:32} {price.amount:>14} {price.currency}")
    command.stdout.write(f"catalogue {found.version}: {len(found.offers)} products, {len(found.by_lookup_key)} prices")


def add_sync(acts: Any) -> None:
    """Add `billing sync`."""
    parser = acts.add_parser(
        "sync",
        help="bring the catalogue to Stripe",
        description="Make and change products, prices, features and meters in Stripe until they are what the catalogue says. "
        "A killed run is resumed by the next one; a run that finds nothing to do writes nothing.",
    )
    parser.add_argument("--dry-run", action="store_true", help="only show the steps")
    parser.set_defaults(run=run_sync)


def run_sync(command: BaseCommand, *, dry_run: bool, **options: Any) -> None:
    """Tell each step before it is taken."""

    def tell(step: str) -> None:
        command.stdout.write(step)
        command.stdout.flush()

    found = sound_catalogue(command)
    try:
        steps = sync_catalogue(client=stripe_client(), catalogue=found, dry_run=dry_run, tell=tell)
    except (SyncRefused, ImproperlyConfigured) as error:
        raise CommandError(str(error)) from error
    command.stdout.write(f"catalogue {found.version}: {steps} steps {'to take' if dry_run else 'taken'}")


def sound_catalogue(command: BaseCommand) -> Catalogue:
    """Return the catalogue, or name everything that is wrong with it and stop."""
    problems = problems_of(declared(), modules())
    for problem in problems:
        command.stderr.write(f"{problem.rule}: {problem.says}")
    if problems:
        raise CommandError("the catalogue is not sound")
    return catalogue()


def add_reconcile(acts: Any) -> None:
    """Add `billing reconcile`."""
    acts.add_parser("reconcile", help="compare everything with Stripe, heal it, and say what was missing").set_defaults(
        run=run_reconcile
    )


def run_reconcile(command: BaseCommand, **options: Any) -> None:
    """Write each gap that was found and closed."""
    try:
        gaps = reconcile_with_stripe()
    except Unreachable as reason:
        raise CommandError(f"Stripe does not answer: {reason}") from reason
    for gap in gaps:
        command.stdout.write(str(gap))
    command.stdout.write(f"{len(gaps)} gaps")


def add_quarantine(acts: Any) -> None:
    """Add `billing quarantine list|release`."""
    of_quarantine = acts.add_parser("quarantine", help="events that had no effect, and why").add_subparsers(required=True)
    of_quarantine.add_parser("list", help="show them, the oldest first").set_defaults(run=run_quarantine_list)
    release = of_quarantine.add_parser("release", help="have one processed again")
    release.add_argument("event", help="its key, evt_...")
    release.add_argument("--reason", default="", help="why, for the record of what operators did")
    release.set_defaults(run=run_quarantine_release)


def run_quarantine_list(command: BaseCommand, **options: Any) -> None:
    """Write each event with its reason."""
    aside = StripeEvent.objects.filter(state=StripeEvent.State.QUARANTINED).order_by("received_at", "id")
    for event in aside:
        command.stdout.write(f"{event.event_id}  {event.type}  {event.customer or '-'}  {event.why}")
    command.stdout.write(f"{len(aside)} events in quarantine")


def run_quarantine_release(command: BaseCommand, *, event: str, reason: str = "", **options: Any) -> None:
    """Let one go back to the inbox."""
    try:
        released = release_event(event_id=event, reason=reason)
    except Refused as refused:
        raise CommandError(str(refused)) from refused
    command.stdout.write(f"{released.event_id} is processed again")
