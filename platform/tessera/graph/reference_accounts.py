"""The page of the reference about the accounts host: its schema is written by hand, so all of it is told."""

from graphql import GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema

from tessera.graph.reference_lines import prose, report_line, type_line

PAGE = """# The accounts host

`POST /graphql` of the accounts host (`http://localhost:8000` with `make up`), where people and companies are known and no company
is entered: plans and prices, signing up, and where one's own account is signed in. The schema as text is
`frontend_api/schema/accounts.graphql`. Everybody may ask and sign up; `devices` and `deviceRevoke` are for whoever is signed in
there in a browser, UNAUTHENTICATED for anybody else. What a company's own API needs, rights and versions and keys, does not exist
here.
"""


def accounts_page(schema: GraphQLSchema) -> str:
    """Return the page of the accounts host's schema, as Markdown."""
    parts = [PAGE]
    for title, root in (("Reports", schema.query_type), ("Mutations", schema.mutation_type)):
        if root:
            parts.append(f"## {title}\n\n" + "".join(report_line(name, field) for name, field in sorted(root.fields.items())))
    kinds = [
        kind
        for name, kind in sorted(schema.type_map.items())
        if isinstance(kind, (GraphQLObjectType, GraphQLInputObjectType))
        and not (name.startswith("__") or kind in (schema.query_type, schema.mutation_type))
    ]
    return "\n".join([*parts, "## Types\n\n" + "".join(_told(kind) for kind in kinds)])


def _told(kind: GraphQLObjectType | GraphQLInputObjectType) -> str:
    """Return a type, and what is said of its fields beneath it."""
    said = [f"  - `{name}`: {prose(field.description)}\n" for name, field in kind.fields.items() if field.description]
    return type_line(kind) + "".join(said)
