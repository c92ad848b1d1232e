"""Service alone: orders need not be there, only their facts."""

import pytest
from tessera.context import system
from tessera.testing.plugin import entered

SERVICE = frozenset({"base", "service"})


@pytest.fixture
def service(tenant):
    """Enter tenant A as the system with base and service on."""
    with entered(tenant, actor=system("test"), modules=SERVICE) as context:
        yield context
