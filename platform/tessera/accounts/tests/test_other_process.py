"""What is taken from somebody in one process is gone in every other one, also while Valkey is gone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from tessera.access.models import RoleAssignment
from tessera.access.selectors import actor_of
from tessera.access.services import deactivate_member, revoke_token, sign_out_member, unassign_role
from tessera.access.tests.people import make_role
from tessera.accounts.models import Account
from tessera.accounts.services import end_session
from tessera.accounts.tests.hosts import host_of, join, make_account, personal_token, program_token
from tessera.context import acting, system
from tessera.testing.plugin import entered

ASKER = Path(__file__).parent / "asker.py"
RIGHT = "access.role_view"


@pytest.fixture(params=["with Valkey", "without Valkey"])
def other(request, _database):
    """Return a function that asks another process who a credential is."""
    database = django_settings.DATABASES["default"]
    environment = os.environ | {
        "DATABASE_URL": os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + database["NAME"],
        "REDIS_URL": os.environ["REDIS_URL"] if request.param == "with Valkey" else "redis://127.0.0.1:1/0",
    }
    process = subprocess.Popen(
        [sys.executable, str(ASKER)], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )

    def ask(tenant, secret):
        process.stdin.write(f"{host_of(tenant)} {secret}\n")
        process.stdin.flush()
        return tuple(json.loads(process.stdout.readline()))

    yield ask
    process.stdin.close()
    assert process.wait(30) == 0
    process.stdout.close()


def deactivated(member, account, session, token):
    deactivate_member(member=member)
    return 401, 401


def signed_out(member, account, session, token):
    sign_out_member(member=member)
    return 401, 401


def account_closed(member, account, session, token):
    Account.objects.filter(pk=account.pk).update(is_active=False)
    return 401, 401


def new_password(member, account, session, token):
    account.set_password("battery staple 43")
    account.save()
    return 401, 200


def session_ended(member, account, session, token):
    end_session(key=session)
    return 401, 200


def token_revoked(member, account, session, token):
    with acting(actor_of(member)):
        revoke_token(access_token=token.token)
    return 200, 401


ENDS = (deactivated, signed_out, account_closed, new_password, session_ended, token_revoked)


@pytest.mark.committed
def test_what_is_taken_is_gone_in_every_process(other, browser, tenant):
    """One person per way to lose access, and one who loses a role; each is let in before."""
    with entered(tenant, actor=system("test")):
        role = make_role("clerk", **{RIGHT.replace(".", "__"): "all"})
    wanted, found = {}, {}
    for end in ENDS:
        account = make_account(f"{end.__name__}@example.com")
        member = join(tenant, account)
        session, token = program_token(browser, tenant, account), personal_token(tenant, member)
        assert [other(tenant, secret)[0] for secret in (session, token.secret)] == [200, 200]
        with entered(tenant, actor=system("test")):
            wanted[end.__name__] = end(member, account, session, token)
        found[end.__name__] = tuple(other(tenant, secret)[0] for secret in (session, token.secret))
    assert found == wanted
    account = make_account("clerk@example.com")
    member = join(tenant, account, role)
    session = program_token(browser, tenant, account)
    assert RIGHT in other(tenant, session)[1] and RIGHT in other(tenant, session)[1]
    with entered(tenant, actor=system("test")):
        unassign_role(role_assignment=RoleAssignment.objects.get(member=member, role=role))
    status, rights = other(tenant, session)
    assert status == 200 and RIGHT not in rights
