"""How names in Python become names in GraphQL."""

import re
from functools import lru_cache

NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*\Z")


@lru_cache(16_384)  # the same names for each set of modules
def constant(value: object) -> str:
    """Return an enum value's name: `short-close` as SHORT_CLOSE, `2nd` as _2ND."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(value))
    text = re.sub(r"[^0-9A-Za-z]+", "_", text).strip("_").upper()
    return f"_{text}" if text[:1].isdigit() else text


@lru_cache(16_384)
def pascal(name: str) -> str:
    """Return `sales_order` as SalesOrder, `leadConvert` as LeadConvert."""
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))


def lower_first(name: str) -> str:
    """Return `SalesOrder` as salesOrder."""
    return name[:1].lower() + name[1:]
