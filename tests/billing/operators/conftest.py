"""An operator with every right of billing, another who may only look, and a company that pays at a local Stripe."""

import pytest
from tessera.accounts.operators.rights import OPERATOR_RIGHTS
from tessera.accounts.tests.operators import operator, signed_in

from tests.billing.core.conftest import shop, stocked  # noqa: F401
from tests.billing.core.walks import found_company


@pytest.fixture
def olga(_database):
    """Return the browser of an operator who may do everything."""
    return signed_in("olga@tessera.example", operator(rights=OPERATOR_RIGHTS)[1])


@pytest.fixture
def otto(_database):
    """Return the browser of an operator who may only look."""
    return signed_in("otto@tessera.example", operator("otto@tessera.example")[1])


@pytest.fixture
def company(_database):
    """Return a function that founds companies without tables of their own."""
    import random

    from django.utils import timezone

    return lambda number=1, **ago: found_company(number, random.Random(number), timezone.now() - _ago(**ago))


def _ago(**ago):
    from datetime import timedelta

    return timedelta(**ago)
