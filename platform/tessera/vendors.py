"""Whose names are whose: what a partner's module calls something in public begins with its vendor's prefix, and nothing else does.

A module of the vendor `acme` is labelled `acme_fleet`, which its rights, facts and tables begin with anyway. In GraphQL its types
begin with `Acme`, its root fields and its fields on types of others with `acme`. So what we or another vendor add later is never
called the same, and everybody sees by a name whose it is.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.checks import Error, register

from tessera.events import EVENTS
from tessera.exchange.importer import IMPORTERS
from tessera.graph.names import lower_first
from tessera.module import module_of, modules
from tessera.resource import MUTATIONS, REPORTS, RESOURCES, Resource, camel


def begins_with(vendor: str, name: str) -> bool:
    """Say whether the first word of a name is the vendor's prefix: of `acme_fleet`, `AcmeVan`, `acmeVans`, `ACME_VAN`."""
    spelled = lower_first(camel(name.lower() if name.isupper() else name))
    return spelled.startswith(vendor) and spelled[len(vendor) :][:1].isupper()


def vendor_of(label: str) -> str:
    """Return the vendor of a module; empty for ours and the kernel."""
    return modules()[label].vendor if label in modules() else ""


def names_of(thing: Any, vendor: str) -> Iterator[tuple[str, str]]:
    """Yield what a resource, report, mutation or importer of a vendor gives a public name, and the name."""
    if not isinstance(thing, Resource):
        yield f"the {type(thing).__name__.lower()}", thing.name
        return
    yield "the resource", thing.name
    yield f"the plural of {thing.name}", thing.plural
    for under in thing.under:
        if vendor_of(under.parent.partition(".")[0]) != vendor:
            yield f"the list of {thing.name} below {under.parent}", under.name


def wrong_names(label: str, vendor: str, things: Iterable[Any], others: Iterable[str]) -> Iterator[str]:
    """Yield each name that a module gives and that does not begin with its vendor's prefix, or begins with that of another."""
    for what, name in (("the module", label), *(pair for thing in things for pair in names_of(thing, vendor))):
        if vendor and not begins_with(vendor, name):
            yield f"{label}: {what} is named {name}, without the prefix of its vendor {vendor}"
        yield from (
            f"{label}: {what} is named {name}, which begins with the prefix of the vendor {other}"
            for other in others
            if other != vendor and begins_with(other, name)
        )


@register()
def check_names(app_configs: Any, **options: Any) -> list[Error]:
    """Report every public name that says it is somebody else's."""
    vendors = sorted({module.vendor for module in modules().values()} - {""})
    declared: list[Any] = [*RESOURCES.values(), *REPORTS.values(), *MUTATIONS.values(), *IMPORTERS.values()]
    problems: list[str] = []
    for label in sorted({*modules(), *(thing.module for thing in declared)}):
        mine = (thing for thing in declared if thing.module == label)
        problems += wrong_names(label, vendor_of(label), mine, vendors)
    for fact in EVENTS.values():
        label = module_of(fact) or ""
        if vendor_of(label) and not fact.name.startswith(f"{label}."):  # type: ignore[attr-defined]
            problems.append(f"{label}: the fact {fact.name} does not begin with the label")  # type: ignore[attr-defined]
    return [Error(problem, id="tessera.E060") for problem in problems]
