"""Measure the product against the floor of its database."""

import json
import os
from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from tessera.bench.report import FILE, save, table


class Command(BaseCommand):
    help = (
        "Measure the product beside the least that its database could be asked for the same, in turns on the same database; "
        "write docs/benchmarks.json and print a table. A ratio of 1.0 is as fast as that floor. "
        "With STRICT=1 in the environment it fails where a ratio is below its goal."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--only", action="append", default=[], metavar="NAME", help="a benchmark whose name begins so")
        parser.add_argument("--output", default=str(FILE), help="the file to write (default: docs/benchmarks.json)")

    def handle(self, *args: Any, **options: Any) -> None:
        from tessera.bench.programme import BENCHMARKS, chosen, measure

        wanted = chosen(options["only"])
        call_command("migrate", database="shared", verbosity=0)
        rows = []
        for row in measure(wanted, tell=self.stdout.write):
            rows.append(row)
            save(rows, options["output"], partly=len(rows) < len(BENCHMARKS))  # what was measured stays if the next one fails
        self.stdout.write(table(rows))
        below = [row["name"] for row in rows if row["ratio"] < row["goal"]]
        if below and os.environ.get("STRICT", "") not in ("", "0"):
            self.stderr.write(f"below the goal: {json.dumps(below)}")
            raise SystemExit(1)
