"""GraphQL: one schema per set of modules, compiled from what resources and services say.

The way of a request: `documents` parses a text once, after `limits` found it small enough;
`schemas` has the schema of the tenant's modules, made by `build` from `shapes` (what of a resource
exists in that set); `execute` runs it, and its generated root fields are planned from the selection
(`plan`, `pages`, `values`), read with few statements and finished as plain dicts. `errors` decides
what a client gets to know of a failure.

This package and a module's optional `graphql.py` are the only places that may import graphql or
graphene.
"""
