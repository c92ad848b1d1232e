"""What the tenancy library brings and would go around the installer, the guard or the audit is shut."""

import re
import subprocess
import sys
from importlib.metadata import files

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.db import connections
from django.db.models.signals import post_delete
from django.utils import timezone
from tessera.context import enter, system
from tessera.idempotency.models import IdempotencyKey
from tessera.idempotency.services import forget_keys
from tessera.management.refused import RefusedCommand
from tessera.testing.plugin import ROOT
from tessera.unit_of_work import unit_of_work

from tenants.models import Tenant

THEIRS = re.compile(r"django_tenants/management/commands/([a-z]\w*)\.py")
COMMANDS = sorted(match.group(1) for file in files("django-tenants") or () if (match := THEIRS.fullmatch(str(file))))


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "migrate"])
def test_a_command_of_the_library_is_refused_and_says_what_to_use(name):
    assert get_commands()[name] == "tessera"
    assert isinstance(load_command_class("tessera", name), RefusedCommand)
    with pytest.raises(CommandError, match=r"^Not used here: .{20}"):
        call_command(name)


def test_migrate_is_ours_and_knows_the_public_schema_only(_database):
    assert get_commands()["migrate"] == "tessera"
    with pytest.raises(CommandError, match=r"only `shared` is migrated; tenants are upgraded by `manage\.py tenant upgrade`"):
        call_command("migrate", database="default")


def test_options_of_the_library_do_not_get_in_the_way(_database):
    command = [sys.executable, "-W", "ignore", "manage.py", "migrate_schemas", "--shared", "--executor=parallel"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("`manage.py tenant upgrade` for all tenants.")


def test_nothing_listens_to_every_deletion_so_that_rows_can_go_unread(tenant, django_assert_num_queries):
    """The library drops schemas of deleted tenants, which ours never does; its listener would make Django read every row."""
    assert not post_delete.has_listeners(IdempotencyKey)
    with enter(tenant.ref(), actor=system("test"), modules=frozenset()), unit_of_work():
        IdempotencyKey.objects.bulk_create(IdempotencyKey(actor="x", key=str(n), request_hash="") for n in range(3))
        with django_assert_num_queries(1, connection=connections["default"]):
            assert forget_keys(before=timezone.now()) == 3


@pytest.mark.committed
def test_deleting_a_tenants_row_drops_no_schema(tenant):
    ref = tenant.ref()
    Tenant.objects.filter(pk=tenant.pk).delete()
    with enter(ref, actor=system("test"), modules=frozenset()), connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname = %s", [ref.schema])
        assert cursor.fetchone() == (1,)
