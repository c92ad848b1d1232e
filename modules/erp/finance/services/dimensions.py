"""Which dimensions an account demands, and which a line lacks."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tessera.api import service

from modules.base.api import DimensionSet
from modules.erp.finance.models import Account, AccountDimension


@service(permission="finance.account_update")
def require_dimensions(*, account: Account, dimensions: list[UUID]) -> Account:
    """Say which dimensions every line of an account must carry; an empty list asks for none."""
    AccountDimension.objects.filter(account=account).exclude(dimension__in=dimensions).delete()
    known = set(AccountDimension.objects.filter(account=account).values_list("dimension_id", flat=True))
    for dimension in dimensions:
        if dimension not in known:
            AccountDimension(account=account, dimension_id=dimension).save()
    account.requires_dimensions = bool(dimensions)
    account.save()
    return account


def missing_dimensions(lines: Sequence[Any]) -> list[tuple[int, str]]:
    """Return (place of the line, name of the dimension) for every demand that is not met."""
    asking = [(place, line) for place, line in enumerate(lines) if line.account.requires_dimensions]
    if not asking:
        return []
    wanted: dict[UUID, list[Any]] = {}
    for row in AccountDimension.objects.filter(account__in={line.account.pk for _, line in asking}).select_related("dimension"):
        wanted.setdefault(row.account_id, []).append(row.dimension)
    sets = {line.dimension_set for _, line in asking if line.dimension_set}
    held: dict[UUID, set[UUID]] = {}
    for key, dimension in DimensionSet.objects.filter(pk__in=sets).values_list("pk", "values__dimension"):
        held.setdefault(key, set()).add(dimension)
    return [
        (place, dimension.name)
        for place, line in asking
        for dimension in wanted.get(line.account.pk, ())
        if dimension.pk not in held.get(line.dimension_set, set())
    ]
