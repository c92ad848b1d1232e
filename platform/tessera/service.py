"""The mark of a service: a typed, keyword-only function that is one transaction.

    @service(permission="sales.lead_convert")
    def convert_lead(*, lead: Lead, amount: Decimal | None = None) -> Opportunity:
        "Convert a qualified lead into a party and an opportunity, once."

The right is demanded of whoever calls the outermost service; what a service calls in turn is
its own affair. A service without a permission can only be called by other services and by
the system. Whoever opens a unit of work itself (a handler's delivery, an import) answers for the
rights; each service it calls is still outermost to the gates. A `public` one asks for no right,
nor for a person: it has its own proof, such as a token that was sent to somebody. `while_read_only`
says that it can be called even where the company may only be read (see `tessera.read_only`).

One that takes `steps` is no transaction: it talks to somebody else, who may be slow, in between its
own transactions. Nobody calls it from within a unit of work, and called twice it does its work once.
"""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.utils.module_loading import import_string

from tessera.context import current
from tessera.errors import Forbidden
from tessera.read_only import refuse_while_read_only
from tessera.unit_of_work import current_unit, in_unit

Function = TypeVar("Function", bound=Callable[..., Any])
SERVICES: dict[str, Callable[..., Any]] = {}


def demand(permission: str) -> None:
    """Raise Forbidden unless the actor of the current context holds `permission`."""
    if not current().actor.may(permission):
        raise Forbidden(permission)


def service(
    *, permission: str = "", public: bool = False, steps: bool = False, while_read_only: bool = False
) -> Callable[[Function], Function]:
    """Mark a function as a service; see the module's text."""

    def mark(function: Function) -> Function:
        signature = inspect.signature(function)
        wrong = [p.name for p in signature.parameters.values() if p.kind not in (p.KEYWORD_ONLY, p.VAR_KEYWORD)]
        if wrong:
            raise TypeError(f"{function.__qualname__}: services take keyword-only arguments, not {wrong}")
        path = f"{function.__module__}.{function.__qualname__}"

        @wraps(function)
        def run(**arguments: Any) -> Any:
            from tessera.gates import held_or, in_own_unit

            if in_unit() and steps:
                raise RuntimeError(f"{path} takes several steps: it is not called from within a transaction")
            if in_unit():
                unit = current_unit()
                if unit.serving:
                    return function(**arguments)
                with unit.service():
                    return held_or(run, arguments)
            if public:
                pass
            elif permission:
                demand(permission)
            elif not current().actor.is_system:
                raise Forbidden(path)
            if not steps:
                return in_own_unit(run, arguments)
            if not while_read_only:
                refuse_while_read_only()
            return function(**arguments)

        run.permission = permission  # type: ignore[attr-defined]
        run.public = public  # type: ignore[attr-defined]
        run.while_read_only = while_read_only  # type: ignore[attr-defined]
        run.steps = steps  # type: ignore[attr-defined]
        run.path = path  # type: ignore[attr-defined]
        run.inner = function  # type: ignore[attr-defined]
        SERVICES[path] = run
        return run  # type: ignore[return-value]

    return mark


def service_at(path: str) -> Any:
    """Return the service at a dotted path, as stored in a hold."""
    found = import_string(path)
    if getattr(found, "path", None) != path:
        raise LookupError(f"{path} is not a service")
    return found
