import pytest

from modules.oa.workflow.tests.cast import Cast


@pytest.fixture
def cast(inside) -> Cast:
    """Return the people of the play, in tenant A."""
    return Cast()
