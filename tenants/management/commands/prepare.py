"""Fill the pool of ready schemas."""

from typing import Any

from django.core.management.base import BaseCommand

from tenants.pool import module_sets, refill


class Command(BaseCommand):
    help = "Make schemas ahead, so that a new tenant waits for no DDL."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--size", type=int, help="how many schemas per set of modules")

    def handle(self, *args: Any, size: int | None, **options: Any) -> None:
        made = refill(size)
        self.stdout.write(f"{made} schemas made; {len(module_sets())} sets of modules are ready")
