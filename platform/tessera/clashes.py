"""Texts that two apps translate differently: gettext merges all catalogues, so that one translation is shown for both."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from django.utils.translation import gettext, override, pgettext, to_language

from tessera.extraction import key_of, named, strings_of
from tessera.messages import catalogue_path, read_catalogue, translated_apps


class Clash(NamedTuple):
    """A text, and the labels of our apps that say it in one way or another."""

    apps: frozenset[str]
    text: str


def clashes(language: str) -> Iterator[Clash]:
    """Yield the texts that apps translate differently, or for which Django or a library has another translation, which is shown.

    Where the meaning differs, a context tells the texts apart, as in `pgettext_lazy("accounting", "account")`; where it does not,
    the translations have to agree.
    """
    said: dict[tuple[str, str | None], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for app in translated_apps():
        path = catalogue_path(app, language)
        for message in read_catalogue(path) if path.exists() else ():
            if message.id and (strings := strings_of(message)):
                said[key_of(message), message.context][strings[0]].add(app.label)
    with override(to_language(language)):
        for (text, context), ways in said.items():
            shown = pgettext(context, text) if context else gettext(text)
            if len(ways) > 1 or shown not in ways:
                told = ", ".join(f"{said!r} in {', '.join(sorted(apps))}" for said, apps in sorted(ways.items()))
                yield Clash(frozenset().union(*ways.values()), f"{named(text, context)} is {told}; {shown!r} is shown")
