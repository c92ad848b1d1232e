"""What a catalogue has to hold, one rule a function; each finding is named."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tessera.module import Module

from billing.catalogue.offers import Catalogue

CURRENCY_LETTERS = 3
OURS = "modules."


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a catalogue: a name for the rule, and a sentence."""

    rule: str
    says: str


def problems_of(catalogue: Catalogue, installed: Mapping[str, Module]) -> list[Finding]:
    """Return everything that is wrong with a catalogue, given the installed modules by their label."""
    return [Finding(rule, says) for rule, finds in RULES.items() for says in finds(catalogue, installed)]


def _unknown_modules(catalogue: Catalogue, installed: Mapping[str, Module]) -> Iterator[str]:
    for offer in catalogue.offers:
        for label in sorted(offer.gives.modules - installed.keys()):
            yield f"{offer.key} gives the module {label}, which is not installed"


RULES: dict[str, Callable[[Catalogue, Mapping[str, Module]], Iterator[str]]] = {
    "UNKNOWN_MODULE": _unknown_modules,
}
