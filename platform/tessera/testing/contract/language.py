"""Language: what people read can be translated, and is, into every language that we ship."""

from collections.abc import Iterator
from typing import Any

from django.utils.functional import Promise

from tessera.clashes import clashes
from tessera.extraction import gaps
from tessera.messages import LANGUAGES, catalogue_path, read_catalogue
from tessera.resource import Form
from tessera.testing.contract.parts import Part, check


def titles_of(part: Part) -> Iterator[tuple[str, Any]]:
    """Yield where a module says something to people, and what."""
    module = part.module
    yield "the module's title", module.title
    yield from ((f"the title of {permission.code}", permission.title) for permission in module.permissions)
    yield from ((f"the title of role {name}", role.title) for name, role in module.roles.items())
    yield from ((f"the menu's {item.resource}", item.title) for item in module.menu)
    for resource in part.resources:
        yield f"the title of {resource.name}", resource.title
        yield from ((f"the title of {resource.name}.{action.verb}", action.title) for action in resource.actions if action.title)
        yield from ((f"the title of {resource.name}.{each.name}", each.title) for each in resource.computed if each.title)
        for view in resource.views:
            if isinstance(view, Form):
                yield from ((f"a section of {resource.name}", title) for title, _names in view.sections)
    for model in part.models:
        yield f"the name of {model.__name__}", model._meta.verbose_name
        yield f"the plural of {model.__name__}", model._meta.verbose_name_plural
        for column in model._meta.local_concrete_fields:
            yield from ((f"{model.__name__}.{column.name} = {value}", label) for value, label in column.flatchoices or ())


@check
def titles_can_be_translated(part: Part) -> Iterator[str]:
    """Titles, names of models, and labels of choices are translatable texts."""
    for where, title in titles_of(part):
        if not isinstance(title, Promise) or not str(title).strip():
            yield f"{where} is {title!r}, which is not translatable"


@check
def shown_columns_have_names(part: Part) -> Iterator[str]:
    """A column that people see is named by a translatable text."""
    for resource in part.resources:
        for column in resource.model._meta.concrete_fields:
            kept = column.name in ("id", "version", "created_at", "updated_at")
            if column.name in resource.fields and not kept and not isinstance(column.verbose_name, Promise):
                yield f"{resource.name}.{column.name} has no translatable verbose_name"


@check
def texts_are_translated(part: Part) -> Iterator[str]:
    """Every text of the module has a translation that is not fuzzy and keeps the placeholders."""
    for language in LANGUAGES:
        path = catalogue_path(part.module, language)
        yield from (f"{language}: {gap}" for gap in gaps(part.module, read_catalogue(path) if path.exists() else None))


@check
def texts_are_shown_as_translated(part: Part) -> Iterator[str]:
    """A text that another app or a library translates differently has a context, since only one of the two would be shown."""
    for language in LANGUAGES:
        yield from (f"{language}: {clash.text}" for clash in clashes(language) if part.module.label in clash.apps)
