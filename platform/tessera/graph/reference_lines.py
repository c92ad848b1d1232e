"""How the reference tells one thing: a field, a mutation, a report, a type, each in a line or two of Markdown."""

from dataclasses import fields
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    is_required_argument,
)

from tessera.graph.shapes import Shape
from tessera.graph.verbs import Verb


def kind_of(kind: Any) -> str:
    named = get_named_type(kind)
    return f"list of {named.extensions['page_of'].name}" if "page_of" in named.extensions else f"`{kind}`"


def notes_of(shape: Shape, name: str, field: GraphQLField) -> str:
    member = field.extensions["member"]
    notes = [word for word, those in (("filter", shape.filters), ("order", shape.order)) if name in those or name == "id"]
    notes += ["search"] if member in shape.search else []
    notes += [f"right `{member.right}`"] if getattr(member, "right", "") else []
    return "; ".join([*notes, *words_of(field)])


def words_of(field: Any) -> list[str]:
    said = [prose(field.description)] if field.description else []
    return said + ([f"**Deprecated**: {prose(field.deprecation_reason)}"] if field.deprecation_reason else [])


def mutation_line(name: str, field: GraphQLField) -> str:
    right = field.extensions.get("permission")
    answer = get_named_type(field.type)
    parts = answer.fields.items() if isinstance(answer, GraphQLObjectType) else ()
    answers = ", ".join(f"{part} `{each.type}`" for part, each in parts if part not in ("userErrors", "hold"))
    held = ", or a hold" if isinstance(answer, GraphQLObjectType) and "hold" in answer.fields else ""
    said = " ".join(words_of(field))
    verb: Verb | None = field.extensions.get("verb")
    taken = [f"`id!`{', `version`' if 'version' in field.args else ''}"] if verb and verb.takes_row else []
    given = get_named_type(field.args["input"].type) if "input" in field.args else None
    if isinstance(given, GraphQLInputObjectType):
        taken.append(f"input {members_of(given)}")
    taken += [] if "idempotencyKey" in field.args else ["no `idempotencyKey`: it answers a secret"]
    takes = f"  Takes {'; '.join(taken)}.\n" if taken else ""
    needs = f"right `{right}`" if right else "no right"
    return f"- **`{name}`** ({needs}) answers {answers or 'no more than errors'}{held}. {said}".rstrip() + f"\n{takes}"


def report_line(name: str, field: GraphQLField) -> str:
    report = field.extensions.get("report")
    needs = f" (right `{report.permission}`)" if report and report.permission else ""
    required = {each for each, argument in field.args.items() if is_required_argument(argument)}
    taken = ", ".join(f"{each}{'' if each in required else '?'} `{argument.type}`" for each, argument in field.args.items())
    said = " ".join(words_of(field))
    return f"- **`{name}`**{needs} answers `{field.type}`. {said}".rstrip() + "\n" + (f"  Takes {taken}.\n" if taken else "")


def fact_line(name: str, fact: type) -> str:
    """Return a fact and what it says beside its subject."""
    said = ", ".join(f"`{field.name}`" for field in fields(fact) if field.name != "subject")
    return f"- **`{name}`**: {prose(fact.__doc__ or '')}" + (f" Says {said}." if said else "") + "\n"


def members_of(kind: GraphQLObjectType | GraphQLInputObjectType) -> str:
    return ", ".join(f"`{name}: {field.type}`" for name, field in kind.fields.items())


def type_line(kind: GraphQLNamedType) -> str:
    said = f" {prose(kind.description)}" if kind.description else ""
    if isinstance(kind, GraphQLEnumType):
        values = ", ".join(f"`{value}`" for value in kind.values)
        return f"- **`{kind.name}`**, one of {values}.{said}\n"
    assert isinstance(kind, (GraphQLObjectType, GraphQLInputObjectType))
    what = "input" if isinstance(kind, GraphQLInputObjectType) else "object"
    return f"- **`{kind.name}`**, {what}: {members_of(kind)}.{said}\n"


def prose(text: str) -> str:
    """Return a description as one line that stays in its place in a table."""
    return " ".join(str(text).split()).replace("|", "\\|")
