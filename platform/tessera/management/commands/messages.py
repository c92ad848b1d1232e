"""Collect, check and compile translated texts: `manage.py messages collect sales`."""

from argparse import ArgumentParser
from typing import Any

from babel.messages.catalog import Catalog
from django.core.management.base import BaseCommand, CommandError

from tessera.clashes import clashes
from tessera.extraction import app_named, gaps, updated
from tessera.messages import LANGUAGES, catalogue_path, compile_stale, read_catalogue, translated_apps, write_catalogue


class Command(BaseCommand):
    help = "Collect the texts of apps into their catalogues, check that all are translated, or compile them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=("collect", "check", "compile"), help="what to do with the catalogues")
        parser.add_argument("labels", nargs="*", help="apps; all by default")

    def handle(self, *, act: str, labels: list[str], **options: Any) -> None:
        if act == "compile":
            compile_stale()
            return
        try:
            found = [app_named(label) for label in labels] or translated_apps()
        except LookupError as error:
            raise CommandError(str(error)) from error
        wrong = 0
        for app in found:
            for language in LANGUAGES:
                path = catalogue_path(app, language)
                known = read_catalogue(path) if path.exists() else None
                if act == "collect":
                    known = updated(app, known or Catalog(locale=language), language)
                    if len(known):
                        write_catalogue(path, known)
                for gap in gaps(app, known):
                    wrong += 1
                    self.stdout.write(f"{app.label} {language}: {gap}")
        if act == "check":
            asked = {app.label for app in found}
            for language in LANGUAGES:
                for clash in clashes(language):
                    if asked & clash.apps:
                        wrong += 1
                        self.stdout.write(f"{language}: {clash.text}")
        if act == "check" and wrong:
            raise CommandError(f"{wrong} texts want a translator")
