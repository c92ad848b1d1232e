"""A receiver on this machine, and somebody who may do everything."""

import pytest

from tessera.access.selectors import actor_of
from tessera.access.tests.people import make_ada
from tessera.context import acting
from tessera.webhooks.tests.receiver import Receiver


@pytest.fixture
def receiver(settings):
    settings.TESSERA_WEBHOOKS_TO_LOOPBACK = True
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def ada(inside):
    """Return the owner of the company, who acts."""
    ada = make_ada()
    with acting(actor_of(ada)):
        yield ada
