"""Processes are killed for real at every seam of switching and signing up; what is left is healed to one truth."""

import json
import os
import re
import signal
import subprocess
import sys

import pytest
from django.conf import settings as django_settings
from django.core import mail
from tessera.db.inventory import inventory_of
from tessera.outbox.hints import client
from tessera.testing.plugin import ROOT

from tenants import tasks
from tenants.installations import disable_module, enable_modules, mirror, purge_module, reconcile_tenant
from tenants.models import Installation, SignUp, Tenant
from tenants.signup import confirm_signup, request_signup
from tests.tenancy.tenants_seen import inside

pytestmark = pytest.mark.committed
MODULE = "lending"
INSTALLATIONS = "tenants.installations"
SEAMS = {
    "enable_modules": [
        (f"{INSTALLATIONS}.enabling.wish_on", True),
        (f"{INSTALLATIONS}.mirror.prepare", True),
        (f"{INSTALLATIONS}.enabling.replay", False),
        (f"{INSTALLATIONS}.enabling.replay", True),
        (f"{INSTALLATIONS}.enabling.mark", True),
        (f"{INSTALLATIONS}.enabling.propose_roles", True),
        (f"{INSTALLATIONS}.mirror.reflect", False),
        (f"{INSTALLATIONS}.mirror.reflect", True),
    ],
    "disable_module": [
        (f"{INSTALLATIONS}.disabling.wish_off", True),
        (f"{INSTALLATIONS}.disabling.mark", False),
        (f"{INSTALLATIONS}.disabling.mark", True),
        (f"{INSTALLATIONS}.mirror.reflect", False),
    ],
    "purge_module": [
        (f"{INSTALLATIONS}.purging.wish_gone", True),
        (f"{INSTALLATIONS}.purging.write_archive", False),
        (f"{INSTALLATIONS}.purging.write_archive", True),
        (f"{INSTALLATIONS}.purging._drop", True),
        (f"{INSTALLATIONS}.mirror.reflect", False),
    ],
    "upgrade_tenant": [
        (f"{INSTALLATIONS}.enabling.bring_up", False),
        (f"{INSTALLATIONS}.enabling.settle", True),
        (f"{INSTALLATIONS}.mirror.reflect", False),
        (f"{INSTALLATIONS}.enabling.note_kernel", False),
        (f"{INSTALLATIONS}.enabling._fence", False),
    ],
}
ENDS = {"enable_modules": "on", "disable_module": "off", "purge_module": "absent", "upgrade_tenant": "on"}
GIVEN = {
    "enable_modules": {"modules": [MODULE]},
    "disable_module": {"module": MODULE},
    "purge_module": {"module": MODULE, "confirmation": MODULE},
    "upgrade_tenant": {},
}
SIGNING_UP = [
    ("account_of", True),
    ("register_tenant", False),
    ("register_tenant", True),
    ("_accept", True),
    ("enable_modules", True),
    ("make_owner", True),
    ("_open", False),
    ("_open", True),
]


@pytest.fixture(scope="module")
def process(_clone):
    """Start the process whose children die; return a function that lets one do something."""
    server, _, name = django_settings.DATABASE_URL.rpartition("/")
    query = name.partition("?")[1] + name.partition("?")[2]
    env = os.environ | {"DATABASE_URL": f"{server}/{django_settings.DATABASES['default']['NAME']}{query}"}
    command = [sys.executable, "-W", "ignore", "-m", "tests.tenancy.dying"]
    with subprocess.Popen(command, cwd=ROOT, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:

        def die(act, given, at, after, tenant=None):
            job = {"act": act, "tenant": tenant, "given": given, "at": at, "after": after}
            running.stdin.write(json.dumps(job) + "\n")
            running.stdin.flush()
            return int(running.stdout.readline())

        yield die
        running.stdin.close()


def pairs(tenant):
    """Return the state of every module in public and in the tenant's own rows; absent is absent in both."""
    own = {label: (row.state, row.module_version, row.fingerprint) for label, row in mirror.truth(tenant).items()}
    rows = Installation.objects.filter(tenant=tenant).exclude(state="absent")
    return {row.module: (row.state, row.version, row.fingerprint) for row in rows}, own


@pytest.mark.parametrize(("act", "at", "after"), [(act, at, after) for act, seams in SEAMS.items() for at, after in seams])
def test_switching_killed_is_healed(tenant, process, settings, tmp_path, act, at, after):
    settings.TESSERA_EXPORTS = tmp_path
    if act in ("enable_modules", "purge_module"):
        disable_module(tenant=tenant, module=MODULE)
    if act == "enable_modules":
        purge_module(tenant=tenant, module=MODULE, confirmation=MODULE)
    assert process(f"{INSTALLATIONS}.{act}", GIVEN[act], at, after, tenant.slug) == signal.SIGKILL
    reconcile_tenant(tenant=tenant)
    public, own = pairs(tenant)
    assert public == own
    assert Installation.objects.get(tenant=tenant, module=MODULE).state == ENDS[act]
    with inside(tenant):
        assert bool(inventory_of(MODULE).tables) == (act != "purge_module")
    tenant.refresh_from_db()
    assert tenant.state == Tenant.State.ACTIVE


@pytest.mark.parametrize(("name", "after"), SIGNING_UP)
def test_signing_up_killed_ends_at_one_tenant(_database, process, name, after):
    if old := client().keys("sys:signup:*"):
        client().delete(*old)
    wish = {"company": "Acme", "slug": "acme", "email": "ada@acme.test", "password": "correct horse battery", "modules": []}
    request_signup(**wish, ip="")
    token = re.search(r"/signup/confirm/(\S+)", mail.outbox[-1].body).group(1)
    assert process("tenants.signup.confirm_signup", {"token": token}, f"tenants.signup.{name}", after) == signal.SIGKILL
    Tenant.objects.filter(slug="acme").update(created_at="2026-01-01T00:00:00Z")
    tasks.reconcile_tenants()
    done = confirm_signup(token=token)
    tenant = Tenant.objects.get(slug="acme")
    assert (done.tenant_id, tenant.state, SignUp.objects.get().state) == (tenant.pk, "active", "done")
    public, own = pairs(tenant)
    assert public == own
    assert {state for state, *_ in own.values()} == {"on"}


def test_a_process_that_is_not_killed_says_so(tenant, process):
    assert (
        process(f"{INSTALLATIONS}.disable_module", {"module": MODULE}, f"{INSTALLATIONS}.purging._drop", True, tenant.slug) == 0
    )
    enable_modules(tenant=tenant, modules=[MODULE])
