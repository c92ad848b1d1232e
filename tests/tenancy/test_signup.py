"""A stranger becomes a company's owner: by form or API, once, whatever is killed on the way."""

import re
from contextlib import contextmanager
from datetime import timedelta

import pytest
import redis
import time_machine
from django.core import mail
from django.db import connections
from django.utils import timezone
from tessera.access.models import Member
from tessera.accounts.models import Account
from tessera.context import enter, system
from tessera.errors import ApiError, Refused
from tessera.module import closure, modules
from tessera.permissions import known_permissions

from tenants import signup, tasks, throttle
from tenants.installations import mirror
from tenants.models import Domain, SignUp, Tenant
from tenants.pool import refill
from tenants.signup import confirm_signup
from tests.tenancy.signups import ask

pytestmark = pytest.mark.usefixtures("fresh_sign_ups")


def owners(tenant) -> list[tuple]:
    with enter(tenant.ref(), actor=system("test"), modules=frozenset()):
        return list(Member.objects.values_list("email", "is_owner"))


def test_a_sign_up_confirmed_is_a_company_with_its_owner():
    token = ask()
    assert mail.outbox[-1].to == ["ada@acme.test"]
    assert (Tenant.objects.filter(slug="acme").exists(), Account.objects.count()) == (False, 0)
    done = confirm_signup(token=token)
    tenant = Tenant.objects.get(slug="acme")
    assert (done.tenant_id, done.url, done.new_account) == (tenant.pk, "http://acme.localhost:8000/", True)
    assert (tenant.name, tenant.state) == ("Acme Ltd", "active")
    assert Account.objects.get().check_password("correct horse battery")
    assert owners(tenant) == [("ada@acme.test", True)]
    assert SignUp.objects.get().password == ""
    assert Domain.objects.get(tenant=tenant).domain == "acme.localhost"


def test_chosen_modules_are_on(planted):
    done = confirm_signup(token=ask(modules=["pack"]))
    tenant = Tenant.objects.get(pk=done.tenant_id)
    assert {"base", "alpha", "beta", "pack"} <= {label for label, row in mirror.truth(tenant).items() if row.state == "on"}


def test_a_link_said_twice_answers_the_same_tenant():
    token = ask()
    first, again = confirm_signup(token=token), confirm_signup(token=token)
    assert (first.tenant_id, again.new_account) == (again.tenant_id, False)
    assert Tenant.objects.filter(slug="acme").count() == 1


def test_an_account_that_exists_keeps_its_password_and_gets_a_second_company():
    confirm_signup(token=ask())
    done = confirm_signup(token=ask(slug="bolt", password="another long secret"))
    assert Account.objects.get().check_password("correct horse battery")
    assert done.new_account is False
    assert owners(Tenant.objects.get(slug="bolt")) == [("ada@acme.test", True)]


def test_confirming_costs_few_statements_whatever_was_chosen(monkeypatch):
    """Of the schema, the roles and the states; what modules seed is their own affair."""
    bundles = [label for label, module in modules().items() if module.is_bundle]
    monkeypatch.setattr("tenants.pool.module_sets", lambda: [closure(bundles)])
    for module in modules().values():
        monkeypatch.setattr(type(module), "on_enable", lambda self, tenant: None)
    refill(1)
    token = ask(modules=bundles)
    known_permissions(frozenset(modules()))
    monkeypatch.setattr("tessera.permissions.permissions_of", lambda label: pytest.fail("worked out all rights again"))
    with statements("default") as mine, statements("shared") as public:
        confirm_signup(token=token)
    assert (len(mine), len(public)) == (31, 29)


@contextmanager
def statements(alias):
    """Gather the statements on an alias, the plumbing of transactions left out."""
    seen = []

    def note(execute, sql, params, many, context):
        if not re.match(r"SAVEPOINT|RELEASE|SET ", str(sql)):
            seen.append(str(sql))
        return execute(sql, params, many, context)

    with connections[alias].execute_wrapper(note):
        yield seen


@pytest.mark.parametrize(
    ("changes", "findings"),
    [
        ({"company": " "}, [("REQUIRED", "company")]),
        ({"company": "x" * 201}, [("INVALID", "company")]),
        ({"company": "a\0b"}, [("INVALID", "company")]),
        ({"slug": "www"}, [("RESERVED", "slug")]),
        ({"slug": "a"}, [("UNIQUE", "slug")]),
        ({"slug": "no good"}, [("INVALID", "slug")]),
        ({"email": "nobody"}, [("INVALID", "email")]),
        ({"password": "short"}, [("INVALID", "password")]),
        ({"password": "1234567890123"}, [("INVALID", "password"), ("INVALID", "password")]),
        ({"modules": ["nothing"]}, [("NOT_FOUND", "modules")]),
        ({"slug": "www", "email": "x", "modules": ["y"]}, [("RESERVED", "slug"), ("INVALID", "email"), ("NOT_FOUND", "modules")]),
    ],
)
def test_every_finding_is_told_at_its_field_and_nothing_is_kept(tenant, changes, findings):
    if changes.get("slug") == "a":
        Tenant.objects.filter(pk=tenant.pk).update(slug="taken")
        changes = {"slug": "taken"}
    with pytest.raises(Refused) as refused:
        ask(**changes)
    assert [(problem.code, *problem.field) for problem in refused.value.problems] == findings
    assert (SignUp.objects.count(), mail.outbox) == (0, [])


def test_a_name_taken_in_the_meantime_is_told_and_the_link_stays_good():
    first, second = ask(), ask(email="eve@else.test")
    confirm_signup(token=first)
    with pytest.raises(Refused) as refused:
        confirm_signup(token=second)
    assert (refused.value.problems[0].code, refused.value.problems[0].field) == ("UNIQUE", ("slug",))
    assert Account.objects.count() == 1
    assert SignUp.objects.get(email="eve@else.test").state == SignUp.State.ASKED


@pytest.mark.parametrize("token", ["", "forged", "a:b:c", "0" * 5000])
def test_a_forged_link_is_refused(token):
    ask()
    with pytest.raises(Refused) as refused:
        confirm_signup(token=token)
    assert refused.value.problems[0].code == "TOKEN"


def test_a_link_is_good_for_a_day():
    token = ask()
    with time_machine.travel(timezone.now() + timedelta(hours=25)), pytest.raises(Refused) as refused:
        confirm_signup(token=token)
    assert refused.value.problems[0].code == "TOKEN"


class Killed(BaseException):
    """What a kill -9 looks like to the code it hits."""


STEPS = [
    ("account_of", True),
    ("register_tenant", False),
    ("register_tenant", True),
    ("_accept", True),
    ("enable_modules", False),
    ("enable_modules", True),
    ("make_owner", False),
    ("make_owner", True),
    ("_open", False),
    ("_open", True),
]


@pytest.mark.parametrize(("name", "after"), STEPS)
@pytest.mark.parametrize("pool", [0, 1])
def test_killed_at_any_step_the_same_link_ends_at_one_tenant(monkeypatch, name, after, pool):
    monkeypatch.setattr("tenants.pool.module_sets", lambda: [closure(())])
    refill(pool)
    token = ask()
    real = getattr(signup, name)

    def die(*args, **options):
        if after:
            real(*args, **options)
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(signup, name, die)
        with pytest.raises(Killed):
            confirm_signup(token=token)
    done = confirm_signup(token=token)
    tenant = Tenant.objects.get(slug="acme")
    assert (done.tenant_id, tenant.state) == (tenant.pk, "active")
    assert (Account.objects.count(), owners(tenant)) == (1, [("ada@acme.test", True)])
    assert SignUp.objects.get().state == SignUp.State.DONE


def test_a_sign_up_cut_short_is_finished_by_the_clock(monkeypatch):
    token = ask()
    with monkeypatch.context() as dying:
        dying.setattr(signup, "make_owner", lambda **_: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            confirm_signup(token=token)
    assert tasks.reconcile_tenants() == 0
    Tenant.objects.filter(slug="acme").update(created_at=timezone.now() - timedelta(hours=1))
    assert tasks.reconcile_tenants() == 1
    assert owners(Tenant.objects.get(slug="acme", state="active")) == [("ada@acme.test", True)]


def test_attempts_are_limited_by_address_and_by_host(monkeypatch):
    for _ in range(throttle.PER_ADDRESS):
        ask()
    with pytest.raises(ApiError) as refused:
        ask(ip="192.0.2.2")
    assert refused.value.code == "RATE_LIMITED"
    ask(email="bob@acme.test", ip="192.0.2.3")
    monkeypatch.setattr(throttle, "PER_HOST", 1)
    with pytest.raises(ApiError):
        ask(email="eve@acme.test", ip="192.0.2.3")


def test_without_valkey_the_stored_sign_ups_are_counted(monkeypatch):
    def gone():
        raise redis.ConnectionError

    monkeypatch.setattr(throttle, "client", gone)
    for _ in range(throttle.PER_ADDRESS):
        ask()
    with pytest.raises(ApiError):
        ask()


def test_the_mail_speaks_the_language_that_was_chosen():
    ask(language="zh-hans")
    assert mail.outbox[-1].subject == "确认您的 Tessera 注册"
    assert "24 小时" in mail.outbox[-1].body
    ask(language="xx", slug="bolt")
    assert mail.outbox[-1].subject == "Confirm your sign-up to Tessera"
