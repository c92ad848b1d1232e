"""What can go wrong, in a closed list that clients may rely on.

Two families, because GraphQL has two places for them:

- `Refused`: the request was understood and the business says no. It carries one
  `Problem` per finding and is answered in the mutation's `userErrors`.
- `ApiError`: the request as a whole could not be served. It is answered in `errors`
  with `extensions.code` from `Code`.

Anything else that is raised is a defect: it is logged with an id, and the client sees
INTERNAL and that id, nothing more.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """The codes of `errors[].extensions.code`; adding one is an API change."""

    BAD_INPUT = "BAD_INPUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    RATE_LIMITED = "RATE_LIMITED"
    TOO_COMPLEX = "TOO_COMPLEX"
    MODULE_DISABLED = "MODULE_DISABLED"
    TENANT_SUSPENDED = "TENANT_SUSPENDED"
    READ_ONLY = "READ_ONLY"
    BAD_CURSOR = "BAD_CURSOR"
    TIMEOUT = "TIMEOUT"
    INTERNAL = "INTERNAL"


class ApiError(Exception):
    """Stop the whole request with one code of the closed list."""

    def __init__(self, code: Code, message: str, **extensions: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.extensions = extensions


class Forbidden(ApiError):
    """Say that the actor lacks `permission`."""

    def __init__(self, permission: str) -> None:
        super().__init__(Code.FORBIDDEN, f"This needs the right {permission}.", permission=permission)
        self.permission = permission


class NotFound(ApiError):
    """Say that there is no such row; the same for hidden, foreign and absent ones."""

    def __init__(self, message: str = "There is no such record.") -> None:
        super().__init__(Code.NOT_FOUND, message)


@dataclass(frozen=True)
class Problem:
    """One finding about an input: `field` is its path, outermost name first; `details` (JSON) say what a program needs to go on."""

    code: str
    message: str
    field: tuple[str, ...] = ()
    details: dict[str, Any] | None = None


class Refused(Exception):
    """Refuse a business operation; nothing of it is kept.

    Raise it with one finding, `Refused("CLOSED_PERIOD", "March is closed.", "posting_date")`,
    or with many, `Refused.of(problems)`. Usual codes: INVALID, REQUIRED, UNIQUE, IN_USE,
    NOT_FOUND, CONFLICT, STATE, FORBIDDEN, LIMIT, CLOSED_PERIOD; a module may have its own.
    """

    def __init__(self, code: str, message: object, *field: str) -> None:
        super().__init__(str(message))
        self.problems: tuple[Problem, ...] = (Problem(code, str(message), field),)

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> "Refused":
        """Build one refusal from several findings."""
        found = tuple(problems)
        made = cls(found[0].code, found[0].message, *found[0].field)
        made.problems = found
        return made

    def within(self, *prefix: str) -> "Refused":
        """Return the same refusal with every field path put below `prefix`."""
        return Refused.of(replace(each, field=(*prefix, *each.field)) for each in self.problems)
