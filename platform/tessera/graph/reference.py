"""The reference of the API: one page for each module, one for the platform's own, and a first page for what all share.

Written from the schema, so nothing is said twice: types with their fields, mutations with what they take, need and answer, and
what refuses them. What follows from a rule (pages, filters, orderings, groups, bulk forms) is told once, on the first page.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.utils import translation
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)

from tessera.errors import Code
from tessera.events import EVENTS
from tessera.graph.names import lower_first
from tessera.graph.reference_lines import fact_line, kind_of, mutation_line, notes_of, prose, report_line, type_line
from tessera.graph.shapes import Shape
from tessera.module import modules

PLATFORM, FIRST = "platform", "README"
FIRST_PAGE = """# The API, part by part

Made from the schema by `manage.py schema`; the rules are on [the GraphQL page](../../graphql.md), the schema as text is
`frontend_api/schema/full.graphql`. The accounts host, where companies are signed up, has [a small API of its own](accounts.md).

## How to read it

- A type `Lead` has the root fields `lead(id)` and `leads(first after last before filter orderBy search)`, which answers a
  `LeadConnection`, and `leadsAggregate(groupBy filter search orderBy first)`. A page names only what differs.
- In the table of a type's fields, `filter` means that `LeadFilter` has it, `order` that `orderBy` takes it, `search` that `search`
  looks into it. A field that names a right reads as null without it. `list of X` is a nested `XConnection` with the arguments of a list.
- `!` is always there. A mutation takes `idempotencyKey`, and one about a row `id!` and, if the type has one, `version`. All answer
  `userErrors {{ field message code }}`. `hold` says which approval a change waits for.
- `LeadStateComparison` compares by `eq`, `ne`, `in`, `notIn` and `isNull`, as those of every other enum do.
- Facts are what [webhooks](../../learn/build-an-app.md#8-listen) are told, by name, `<module>.*` or `*`; each has a `subject`, the record
  that it is about. What else it says comes as plain values, numbers and ids as text.
- "In bulk" names the form that takes up to a hundred `items` of the same input.

## Codes

Of `errors`: {codes}.

Those of `userErrors` are listed on each page; `INVALID`, `REQUIRED`, `UNIQUE`, `IN_USE`, `NOT_FOUND`,
`CONFLICT`, `STATE`, `FORBIDDEN`, `LIMIT` and `QUOTA` may come from any mutation.
"""
ANYWHERE = frozenset({"INVALID", "REQUIRED", "UNIQUE", "IN_USE", "NOT_FOUND", "CONFLICT", "STATE", "FORBIDDEN", "LIMIT", "QUOTA"})


def reference(schema: GraphQLSchema) -> dict[str, str]:
    """Return the pages of a schema by their names, as Markdown."""
    with translation.override(None):
        return _Reference(schema).pages()


class _Reference:
    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self.shapes: dict[str, list[Shape]] = defaultdict(list)
        self.reads: dict[str, dict[str, GraphQLField]] = defaultdict(dict)
        self.writes: dict[str, dict[str, GraphQLField]] = defaultdict(dict)
        self.verbs: dict[str, list[tuple[str, GraphQLField]]] = defaultdict(list)
        for shape in schema.extensions["shapes"]:
            self.shapes[_page_of(shape.resource.module)].append(shape)
        for name, field in sorted(schema.query_type.fields.items() if schema.query_type else ()):
            if not {"shape", "aggregate"} & field.extensions.keys():
                self.reads[_page_of(getattr(field.extensions.get("report"), "module", ""))][name] = field
        for name, field in sorted(schema.mutation_type.fields.items() if schema.mutation_type else ()):
            if verb := field.extensions.get("verb"):
                self.verbs[verb.shape.name].append((name, field))
            else:
                self.writes[_page_of(getattr(field.extensions.get("mutation"), "module", ""))][name] = field
        for name, field in sorted(schema.subscription_type.fields.items() if schema.subscription_type else ()):
            self.reads[PLATFORM][name] = field
        names = {*self.shapes, *self.reads, *self.writes}
        self.met = {name: self._met(name) for name in names}

    def pages(self) -> dict[str, str]:
        of_many = {kind for kind in self.schema.type_map if sum(kind in met for met in self.met.values()) > 1}
        of_many |= self._of_lists()
        made = {name: self._page(name, self.met[name] - of_many) for name in sorted(self.met)}
        index = "".join(f"- [{_title(name)}]({name}.md): {self._shown(name)}\n" for name in made)
        text = FIRST_PAGE.format(codes=", ".join(f"`{code}`" for code in Code))
        made[FIRST] = f"{text}\n## Pages\n\n{index}\n{self._types(of_many, 'Types of several parts')}"
        return made

    def _shown(self, page: str) -> str:
        shapes = ", ".join(shape.name for shape in self.shapes[page])
        rest = len(self.reads[page]) + len(self.writes[page])
        return shapes + (f"; {rest} root fields about no type" if rest else "")

    def _page(self, page: str, own: set[str]) -> str:
        parts = [f"# {_title(page)}\n"]
        if codes := ", ".join(f"`{code}`" for code in sorted(_refusals(page) - ANYWHERE)):
            parts.append(f"Refuses by codes of its own: {codes}.\n")
        parts += [self._of_shape(shape) for shape in self.shapes[page]]
        if self.reads[page]:
            parts.append("## Reports\n\n" + "".join(report_line(name, field) for name, field in self.reads[page].items()))
        if facts := [fact_line(name, fact) for name, fact in sorted(EVENTS.items()) if _told_on(page, name)]:
            parts.append("## Facts\n\n" + "".join(facts))
        if self.writes[page]:
            parts.append("## Mutations about no row\n\n" + "".join(mutation_line(*each) for each in self.writes[page].items()))
        return "\n".join(part for part in (*parts, self._types(own, "Types")) if part)

    def _of_shape(self, shape: Shape) -> str:
        kind = self.schema.type_map[shape.name]
        assert isinstance(kind, GraphQLObjectType)
        roots = f"`{lower_first(shape.name)}`, `{lower_first(shape.resource.plural)}`"
        lines = [f"## {shape.name}\n", *([prose(kind.description) + "\n"] if kind.description else [])]
        lines.append(f"Read by {roots} with the right `{shape.resource.permission('view')}`.\n")
        lines += ["| Field | Type | |", "|---|---|---|"]
        lines += [f"| `{name}` | {kind_of(field.type)} | {notes_of(shape, name, field)} |" for name, field in kind.fields.items()]
        single = [(name, field) for name, field in self.verbs[shape.name] if "items" not in field.extensions]
        bulk = [f"`{name}`" for name, field in self.verbs[shape.name] if "items" in field.extensions]
        if single:
            lines += ["", *(mutation_line(*each).rstrip("\n") for each in single)]
        if bulk:
            lines.append(f"- In bulk: {', '.join(bulk)}.")
        return "\n".join(lines) + "\n"

    def _of_lists(self) -> set[str]:
        """Return the names of the types that filters and orderings have in common, those of single enums left out."""
        found = {"Direction"}
        for shape in self.schema.extensions["shapes"]:
            kind = self.schema.type_map[f"{shape.name}Filter"]
            assert isinstance(kind, GraphQLInputObjectType)
            for field in kind.fields.values():
                condition = get_named_type(field.type)
                if isinstance(condition, GraphQLInputObjectType) and not condition.name.endswith("Filter"):
                    self._meet(condition, found)
        alike = {name: enum for name in found if (enum := _enum_compared(self.schema.type_map[name]))}
        return found - {*alike, *alike.values()}

    def _met(self, page: str) -> set[str]:
        """Return the names of the types that a page has to explain."""
        found: set[str] = set()
        for shape in self.shapes[page]:
            kind = self.schema.type_map[shape.name]
            assert isinstance(kind, GraphQLObjectType)
            for field in kind.fields.values():
                self._meet(field.type, found)
            for name, field in self.verbs[shape.name]:
                self._meet_root(name, field, found)
        for name, field in {**self.reads[page], **self.writes[page]}.items():
            self._meet_root(name, field, found)
        return found

    def _meet_root(self, name: str, field: GraphQLField, found: set[str]) -> None:
        if "items" in field.extensions:
            return  # told by the single form
        for argument in field.args.values():
            kind = get_named_type(argument.type)
            inner = kind.fields.values() if isinstance(kind, GraphQLInputObjectType) else ()
            if inner and name not in self.reads[PLATFORM]:  # its own input is told where it is
                for each in inner:
                    self._meet(each.type, found)
            else:
                self._meet(kind, found)
        answer = get_named_type(field.type)
        if isinstance(answer, GraphQLObjectType) and answer.name.endswith("Payload"):
            for each in answer.fields.values():
                self._meet(each.type, found)
        else:
            self._meet(answer, found)

    def _meet(self, kind: Any, found: set[str]) -> None:
        named = get_named_type(kind)
        if named.name in found or "shape" in named.extensions or "page_of" in named.extensions:
            return
        if isinstance(named, GraphQLEnumType):
            found.add(named.name)
        elif isinstance(named, (GraphQLObjectType, GraphQLInputObjectType)):
            found.add(named.name)
            for field in named.fields.values():
                self._meet(field.type, found)

    def _types(self, names: Iterable[str], title: str) -> str:
        told = [type_line(self.schema.type_map[name]) for name in sorted(names)]
        return f"## {title}\n\n" + "".join(told) if told else ""


def _enum_compared(kind: GraphQLNamedType) -> str:
    """Return the name of the enum that a comparison is of; "" for anything else."""
    value = get_named_type(kind.fields["eq"].type) if isinstance(kind, GraphQLInputObjectType) and "eq" in kind.fields else None
    return value.name if isinstance(value, GraphQLEnumType) else ""


def _page_of(module: str) -> str:
    return module if module in modules() else PLATFORM


def _told_on(page: str, fact: str) -> bool:
    """Say whether a fact is one of a page's module; those of the kernel's apps are on the platform's page."""
    label = fact.partition(".")[0]
    return label == page or (page == PLATFORM and any(app.label == label and _is_kernel(app) for app in apps.get_app_configs()))


def _title(page: str) -> str:
    return "The platform" if page == PLATFORM else f"{modules()[page].title} (`{page}`)"


@cache
def _refusals(page: str) -> frozenset[str]:
    """Return the codes that the source of a page's package refuses by."""
    homes = [modules()[page].path] if page != PLATFORM else [app.path for app in apps.get_app_configs() if _is_kernel(app)]
    files = (file for home in homes for file in Path(home).rglob("*.py") if "tests" not in file.parts)
    return frozenset(code for file in files for code in _codes(ast.parse(file.read_text())))


def _is_kernel(app: Any) -> bool:
    return app.label not in modules() and app.name.partition(".")[0] in ("tessera", "tenants", "billing")


def _codes(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="Refused" | "Problem"), args=[ast.Constant(value=str() as code), *_]):
                yield code
