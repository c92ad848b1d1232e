"""Column types with the precision the whole product agrees on."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models
from uuid6 import uuid7


def new_id():
    """Return a UUIDv7: unique across tenants, and roughly in order of time."""
    import uuid

    return uuid.UUID(bytes=uuid7().bytes)


class _Column:
    """Tell the type checker that a column's value is read and written on the instance."""

    if TYPE_CHECKING:

        def __get__(self, instance: Any, owner: Any) -> Any: ...

        def __set__(self, instance: Any, value: Any) -> None: ...


class KeyField(_Column, models.UUIDField):
    """The primary key of every table: a UUIDv7 made in Python."""

    def __init__(self, **options: Any) -> None:
        options.update(primary_key=True, default=new_id, editable=False)
        super().__init__(**options)

    def deconstruct(self):
        name, path, args, options = super().deconstruct()
        for fixed in ("primary_key", "default", "editable"):
            options.pop(fixed, None)
        return name, path, args, options


class _FixedDecimal(_Column, models.DecimalField):
    digits: tuple[int, int]

    def __init__(self, *args: Any, **options: Any) -> None:
        options["max_digits"], options["decimal_places"] = self.digits
        super().__init__(*args, **options)

    def deconstruct(self):
        name, path, args, options = super().deconstruct()
        options.pop("max_digits", None)
        options.pop("decimal_places", None)
        return name, path, args, options

    def to_python(self, value):
        made = super().to_python(value)
        if made is not None and not made.is_finite():
            from django.core.exceptions import ValidationError

            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": value})
        return made


class AmountField(_FixedDecimal):
    """An amount of money, rounded to the currency's minor unit before it gets here."""

    digits = (20, 4)


class PriceField(_FixedDecimal):
    """A unit price or unit cost; never rounded before the line."""

    digits = (24, 10)


class RateField(_FixedDecimal):
    """An exchange rate: company units per one document unit, never inverted."""

    digits = (24, 12)


class QuantityField(_FixedDecimal):
    """A quantity in a unit; rounded once, to the unit's decimals."""

    digits = (24, 6)


class PercentField(_FixedDecimal):
    """A fraction written as a number between 0 and 1 (0.15 is 15 %)."""

    digits = (9, 6)


class CurrencyField(_Column, models.CharField):
    """An ISO 4217 code in upper case."""

    def __init__(self, *args: Any, **options: Any) -> None:
        options["max_length"] = 3
        super().__init__(*args, **options)

    def deconstruct(self):
        name, path, args, options = super().deconstruct()
        options.pop("max_length", None)
        return name, path, args, options


class ModuleKey(_Column, models.UUIDField):
    """A key to a row of a module that may be absent: a UUID that knows its target.

    `ModuleKey("orders.SalesOrder")` has no constraint and no Django relation. The GraphQL
    planner follows it while the target's module is on; otherwise the relation does not exist.
    """

    def __init__(self, target: str = "", **options: Any) -> None:
        self.target = target
        super().__init__(**options)

    def deconstruct(self):
        name, path, args, options = super().deconstruct()
        options["target"] = self.target
        return name, path, args, options


class TransactionField(_Column, models.Field):
    """The transaction that wrote a row, as PostgreSQL numbers it; the database fills it in, and numbers never come again."""

    def __init__(self, **options: Any) -> None:
        options.update(db_default=CurrentTransaction(), editable=False)
        super().__init__(**options)

    def deconstruct(self):
        name, path, args, options = super().deconstruct()
        options.pop("db_default", None)
        options.pop("editable", None)
        return name, path, args, options

    def db_type(self, connection: Any) -> str:
        return "xid8"


class CurrentTransaction(models.Func):
    """The number of the transaction in which this is evaluated."""

    function = "pg_current_xact_id"
    arity = 0


class MemberKey(_Column, models.UUIDField):
    """The id of a member of this tenant: an owner, an approver, a preparer."""


ZERO = Decimal(0)
