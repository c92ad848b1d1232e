"""What an operator may do beside looking: rights that the parts of the platform declare, and an account is given by name."""

from typing import Any

OPERATOR_RIGHTS: dict[str, Any] = {}


def operator_right(code: str, title: Any) -> str:
    """Declare a right of operators, `<app>.<noun>_<verb>`, with its title; return its code."""
    OPERATOR_RIGHTS[code] = title
    return code
