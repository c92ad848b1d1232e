"""The API of the accounts host: plans and prices, signing up, signing in, one's own account; no tenant is entered there.

It is made of the graphene classes `Query` and `Mutation` that the packages below export from
their `graphql.py`, and answered by the same limits, caches and masking as a tenant's API. Its
resolvers decide themselves who may ask.
"""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from tessera.graph.graphene_types import standalone

ACCOUNTS = "accounts"
SOURCES = ("tessera.accounts.graphql", "tenants.graphql", "billing.catalogue.graphql")


@cache
def schema_for_accounts() -> Any:
    """Return the schema of the accounts host."""
    return standalone([import_module(path) for path in SOURCES if find_spec(path)])
