"""Drive the product over its public HTTP API, from sign-up to the closed books."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from tessera.story.companies import northwind, sample
from tessera.story.stage import Stage
from tessera.story.tale import tell


class Command(BaseCommand):
    help = (
        "Sign a company up, bring its books in, and take a lead to cash, as people who each hold just the rights they need. "
        "Needs a running server; `make story` boots one. NORTHWIND_DIR names a folder with Northwind's CSV files to use instead "
        "of the sample company. The last line is `story: ok` or `story: failed: <step>`; .data/story.json holds the details."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--keep", action="store_true", help="tell it of the sample company, whatever NORTHWIND_DIR names")
        parser.add_argument("--address", default="", help="host:port of the server (default: 127.0.0.1 and TESSERA_PORT)")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = os.environ.get("NORTHWIND_DIR")
        company = northwind(Path(folder)) if folder and not options["keep"] else sample()
        stage = Stage(
            address=options["address"] or f"127.0.0.1:{os.environ.get('TESSERA_PORT', '8000')}",
            domain=settings.BASE_DOMAIN,
            mail=Path(settings.EMAIL_FILE_PATH),
            record=settings.DATA / "story.json",
            shop=settings.STRIPE_API_BASE,
            say=self.stdout.write,
        )
        outcome = tell(stage, company)
        stage.save(outcome)
        self.stdout.write(outcome)
        if outcome != "story: ok":
            raise SystemExit(1)
