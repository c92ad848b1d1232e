"""A company that a test makes takes over a schema that is ready, as those do that sign up.

from tests.billing.ready import _ready  # noqa: F401   (where such a company, `acme`, is made)
"""

import pytest
from django.db import connections
from tessera.context import TenantRef
from tessera.db.installer import make_schema
from tessera.db.scripts import fingerprint_of_set
from tessera.fields import new_id
from tessera.module import closure

from tenants.models import ReadySchema

NAME = "t_ready"


@pytest.fixture(autouse=True)
def _ready(request, _clone, django_db_blocker):
    """Make the schema before the test's transaction, once for as long as the database is not replaced, and offer it in there."""
    if "acme" not in request.fixturenames:
        return
    with django_db_blocker.unblock(), connections["shared"].cursor() as cursor:
        cursor.execute("SELECT to_regnamespace(%s)", [NAME])
        if cursor.fetchone() == (None,):
            make_schema(TenantRef(new_id(), NAME), closure(()))
    request.getfixturevalue("_database")
    ReadySchema.objects.create(
        schema_name=NAME, modules=sorted(closure(())), fingerprint=fingerprint_of_set(closure(())), state=ReadySchema.State.READY
    )
