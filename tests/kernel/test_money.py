"""Amounts beyond every column are refused, not lost."""

from decimal import Decimal

import pytest
from tessera.errors import Refused
from tessera.money import round_money


def test_an_amount_with_more_digits_than_a_column_holds_is_refused():
    assert round_money(Decimal("9999999999999999.995"), "USD") == Decimal("10000000000000000.00")
    with pytest.raises(Refused) as refused:
        round_money(Decimal("9" * 30), "USD")
    assert refused.value.problems[0].code == "INVALID"
