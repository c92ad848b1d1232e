"""No statement of a tenant ever runs on another's tables; the stock backend shows what would happen."""

from contextlib import contextmanager
from threading import Event, Thread

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, OperationalError, connections
from tessera.context import TenantRef, enter, system
from tessera.db.guard import base as guard
from tessera.db.guard.base import NoTenant
from tessera.fields import new_id
from tessera.models import CrossTenantError
from tessera.numbering.models import NumberSeries
from tessera.unit_of_work import unit_of_work


def inside(ref):
    return enter(ref, actor=system("test"), modules=frozenset())


@pytest.fixture
def pair(tenant, other_tenant):
    """Return two tenants, each with a row that names it."""
    refs = tenant.ref(), other_tenant.ref()
    for ref in refs:
        with inside(ref), unit_of_work():
            NumberSeries(scope="whose", pattern=ref.slug).save()
    return refs


def whose() -> str:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pattern FROM numbering_numberseries WHERE scope = 'whose'")
        return cursor.fetchone()[0]


class SetFails:
    """Let every `SET search_path` fail, as a cancel or a timeout does."""

    def __init__(self):
        self.count = 0

    def __call__(self, execute, sql, params, many, context):
        if str(sql).startswith("SET search_path"):
            self.count += 1
            raise OperationalError("canceling statement due to user request")
        return execute(sql, params, many, context)


def test_without_a_tenant_nothing_runs(_database):
    with pytest.raises(NoTenant):
        NumberSeries.objects.count()


@pytest.mark.committed
def test_a_failing_set_raises_and_nothing_runs_on_the_path_before(pair):
    a, b = pair
    with inside(a):
        assert whose() == "a"
        with inside(b):
            with connections["default"].execute_wrapper(SetFails()), pytest.raises(OperationalError, match="canceling"):
                whose()
            assert whose() == "b"
        assert whose() == "a"


@pytest.mark.committed
def test_the_stock_backend_answers_with_the_other_tenants_row(pair):
    a, b = pair
    options = {**settings.DATABASES["default"], "ENGINE": "django_tenants.postgresql_backend", "OPTIONS": {}}
    from django_tenants.postgresql_backend.base import DatabaseWrapper

    stock = DatabaseWrapper({**connections["default"].settings_dict, **options}, alias="stock")
    try:
        answers = []
        for schema, wrapper in ((a.schema, None), (b.schema, SetFails())):
            stock.set_schema(schema)
            with stock.execute_wrapper(wrapper) if wrapper else inside(a), stock.cursor() as cursor:
                cursor.execute("SELECT pattern FROM numbering_numberseries WHERE scope = 'whose'")
                answers.append(cursor.fetchone()[0])
        assert answers == ["a", "a"]
    finally:
        stock.close()


def test_a_path_changed_behind_its_back_is_noticed(pair):
    a, b = pair
    with inside(a):
        assert whose() == "a"
        with connections["default"].cursor() as cursor:
            cursor.execute(f'SET search_path = "{b.schema}"')
        assert whose() == "a"


def test_a_rolled_back_path_is_noticed(pair):
    from django.db import transaction

    a, b = pair
    with inside(a):
        with pytest.raises(ZeroDivisionError), transaction.atomic(using="default"):
            with inside(b):
                assert whose() == "b"
            raise ZeroDivisionError
        assert whose() == "a"


def test_the_same_tenant_twice_is_set_once(pair):
    a, _ = pair
    counter = SetFails()
    with inside(a):
        whose()
        with connections["default"].execute_wrapper(counter):
            assert [whose() for _ in range(5)] == ["a"] * 5
    assert counter.count == 0


def test_public_tables_are_out_of_reach(pair):
    with inside(pair[0]), pytest.raises(DatabaseError, match="does not exist"), connections["default"].cursor() as cursor:
        cursor.execute("SELECT 1 FROM tenants_tenant")


def test_an_unknown_schema_falls_through_to_nothing(_database):
    with inside(TenantRef(new_id(), "t_nobody")), pytest.raises(DatabaseError, match="does not exist"):
        NumberSeries.objects.count()


def test_a_row_of_one_tenant_is_not_saved_in_another(pair):
    a, b = pair
    with inside(a):
        row = NumberSeries.objects.get(scope="whose")
    with inside(b), unit_of_work():
        for act in (row.save, row.delete, row.refresh_from_db, lambda: NumberSeries.objects.bulk_create([row])):
            row.pattern = "stolen"
            with pytest.raises(CrossTenantError):
                act()
        assert whose() == "b"


def test_a_server_that_does_not_report_its_path_is_refused(pair, monkeypatch):
    class Silent:
        transaction_status = psycopg.pq.TransactionStatus.IDLE

        def parameter_status(self, name):
            return None

    class Raw:
        info = Silent()

    with inside(pair[0]):
        connection = connections["default"]
        with monkeypatch.context() as pooled:
            pooled.setattr(connection, "connection", Raw())
            with pytest.raises(OperationalError, match="no transaction pooler"):
                connection._handle_search_path()


@contextmanager
def cancel_noise(pids: list[int]):
    """Cancel whatever the backend `pids[-1]` does, again and again."""
    stop, count = Event(), [0]
    url = settings.DATABASE_URL.rpartition("/")[0] + "/" + settings.DATABASES["default"]["NAME"]

    def run():
        with psycopg.connect(url, autocommit=True) as noisy:
            while not stop.is_set():
                noisy.execute("SELECT pg_cancel_backend(%s)", [pids[-1]])
                count[0] += 1
                stop.wait(0.0005)

    thread = Thread(target=run)
    thread.start()
    try:
        yield count
    finally:
        stop.set()
        thread.join()


@pytest.mark.committed
def test_under_cancel_noise_every_answer_is_the_tenants_own_or_an_error(pair):
    with inside(pair[0]):
        whose()
        pids = [connections["default"].connection.info.backend_pid]
    leaks = errors = answers = 0
    with cancel_noise(pids) as cancels:
        for turn in range(3000):
            ref = pair[turn % 2]
            with inside(ref):
                try:
                    found = whose()
                except OperationalError:
                    errors += 1
                    continue
                answers += 1
                leaks += found != ref.slug
                pids.append(connections["default"].connection.info.backend_pid)
    assert leaks == 0
    assert answers > 1000 and errors > 0 and cancels[0] > 100, (answers, errors, cancels)


@pytest.mark.committed
def test_a_connection_is_let_go_after_many_tenants(pair, monkeypatch):
    monkeypatch.setattr(guard, "MOST_TENANTS", 2)
    a, b = pair
    pids = []
    for ref in (a, b, a):
        with inside(ref):
            assert whose() == ref.slug
            pids.append(connections["default"].connection.info.backend_pid)
    assert pids[0] == pids[1] != pids[2]
