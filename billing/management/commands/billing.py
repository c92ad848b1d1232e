"""Look after what is sold and what was bought. Each subcommand is a function that adds its parser, and one that runs it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tessera.module import modules

from billing.catalogue.offers import Catalogue
from billing.catalogue.rules import problems_of
from billing.catalogue.selectors import catalogue, declared


class Command(BaseCommand):
    help = "Show and check the catalogue, and bring it to Stripe."
    requires_system_checks: list[str] = []  # what is wrong with the catalogue is told by `catalogue check` itself

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        for add_subcommand in (add_catalogue,):
            add_subcommand(acts)

    def handle(self, *args: Any, run: Any, **options: Any) -> None:
        run(self, **options)


def add_catalogue(acts: Any) -> None:
    """Add `billing catalogue show|check`."""
    parser = acts.add_parser("catalogue", help="show what is sold, or check it")
    parser.add_argument("what", nargs="?", choices=["show", "check"], default="show")
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


def sound_catalogue(command: BaseCommand) -> Catalogue:
    """Return the catalogue, or name everything that is wrong with it and stop."""
    problems = problems_of(declared(), modules())
    for problem in problems:
        command.stderr.write(f"{problem.rule}: {problem.says}")
    if problems:
        raise CommandError(f"{len(problems)} things are wrong with the catalogue")
    return catalogue()
