"""Read form-encoded parameters: brackets become mappings and lists, then each value is read as what it has to be.

A parameter that a call does not know is refused as Stripe refuses it, so what this server leaves out is never ignored in silence.
An empty value unsets, and is read as None.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl

from billing.local_stripe.errors import StripeError

Form = dict[str, Any]
Reader = Callable[[Any, str], Any]
Shape = Mapping[str, Reader]
NAMES = re.compile(r"[^\[\]]+|(?<=\[)(?=\])")


def decode(text: str) -> Form:
    """Decode `a[b][0]=c&d[]=e` into nested mappings and lists of strings."""
    root: Form = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        path = NAMES.findall(name) or [""]
        place = root
        for step in path[:-1]:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise StripeError("Invalid request: a parameter is both a value and a mapping", param=name)
        last = path[-1] or str(len(place))
        place[last] = value
    return {name: _with_lists(value) for name, value in root.items()}


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_with_lists(value[key]) for key in sorted(value, key=int)]
    return {key: _with_lists(each) for key, each in value.items()}


def read(form: Mapping[str, Any], shape: Shape, *, required: Iterable[str] = (), path: str = "") -> Form:
    """Return the parameters that are there, each read by its reader; refuse unknown and missing ones."""
    for name in form:
        if name not in shape:
            raise StripeError(f"Received unknown parameter: {_at(path, name)}", code="parameter_unknown", param=_at(path, name))
    for name in required:
        if name not in form or form[name] == "":
            raise StripeError(f"Missing required param: {_at(path, name)}.", code="parameter_missing", param=_at(path, name))
    return {name: shape[name](value, _at(path, name)) if value != "" else None for name, value in form.items()}


def _at(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name


def text(value: Any, param: str) -> str:
    """Read a string."""
    if not isinstance(value, str):
        raise StripeError(f"Invalid string: {param}", param=param)
    return value


def integer(value: Any, param: str) -> int:
    """Read a whole number."""
    if not isinstance(value, str) or not re.fullmatch(r"-?\d{1,18}", value):
        raise StripeError(f"Invalid integer: {value}", code="parameter_invalid_integer", param=param)
    return int(value)


def count(value: Any, param: str) -> int:
    """Read a whole number that is not negative."""
    number = integer(value, param)
    if number < 0:
        raise StripeError(f"Invalid non-negative integer: {value}", code="parameter_invalid_integer", param=param)
    return number


def decimal(value: Any, param: str) -> Decimal:
    """Read an exact number."""
    try:
        number = Decimal(text(value, param))
    except InvalidOperation:
        raise StripeError(f"Invalid decimal: {value}", param=param) from None
    if not number.is_finite():
        raise StripeError(f"Invalid decimal: {value}", param=param)
    return number


def boolean(value: Any, param: str) -> bool:
    """Read `true` or `false`."""
    if value not in ("true", "false", "True", "False"):
        raise StripeError(f"Invalid boolean: {value}", param=param)
    return str(value).lower() == "true"


def moment(value: Any, param: str) -> int | str:
    """Read seconds since 1970, or the word `now`."""
    return "now" if value == "now" else count(value, param)


def choice(*names: str) -> Reader:
    """Return a reader of one word out of several."""

    def reader(value: Any, param: str) -> str:
        if value not in names:
            raise StripeError(f"Invalid {param}: must be one of {', '.join(names)}", param=param)
        return str(value)

    return reader


def currency(value: Any, param: str) -> str:
    """Read a currency's three letters."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]{3}", value):
        raise StripeError(f"Invalid currency: {value}", param=param)
    return value.lower()


def strings(value: Any, param: str) -> dict[str, str]:
    """Read a mapping of strings; an empty string in it unsets that key."""
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise StripeError(f"Invalid hash: {param}", param=param)
    if len(value) > 50 or any(len(key) > 40 or len(each) > 500 for key, each in value.items()):
        raise StripeError(f"{param}: up to 50 keys of 40 characters with values of 500", param=param)
    return value


def listed(reader: Reader) -> Reader:
    """Return a reader of a list, each value by `reader`."""

    def all_of(value: Any, param: str) -> list[Any]:
        if not isinstance(value, list):
            raise StripeError(f"Invalid array: {param}", param=param)
        return [reader(each, f"{param}[{number}]") for number, each in enumerate(value)]

    return all_of


def nested(shape: Shape, *, required: Iterable[str] = ()) -> Reader:
    """Return a reader of a mapping of this shape."""

    def reader(value: Any, param: str) -> Form:
        if not isinstance(value, dict):
            raise StripeError(f"Invalid object: {param}", param=param)
        return read(value, shape, required=required, path=param)

    return reader


ADDRESS = nested(dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"), text))


def merged(old: Mapping[str, str] | None, new: Mapping[str, str] | None) -> dict[str, str]:
    """Return metadata after an update: keys are set one by one, an empty value removes one, None removes all."""
    if new is None:
        return {}
    return {key: value for key, value in {**(old or {}), **new}.items() if value != ""}
