"""Each rule of our own fires on what it forbids, lets the right way pass, and holds for the tree."""

import pytest
from tessera.testing.lint import RULES, check_tree, findings
from tessera.testing.plugin import ROOT

MODULE, KERNEL = "modules/sales/services.py", "platform/tessera/outbox/services.py"
FORBIDDEN = [
    ("bare-atomic", KERNEL, "with transaction.atomic():\n    pass"),
    ("bare-atomic", KERNEL, 'with atomic(using="default"):\n    pass'),
    ("raw-on-commit", KERNEL, "transaction.on_commit(work)"),
    ("raw-on-commit", KERNEL, "from django.db.transaction import on_commit"),
    ("raw-cache", KERNEL, "from django.core.cache import cache"),
    ("raw-cache", KERNEL, "import django.core.cache"),
    ("raw-signing", KERNEL, "from django.core.signing import TimestampSigner"),
    ("raw-storage", KERNEL, "from django.core.files.storage import default_storage"),
    ("raw-task", KERNEL, "remind.delay(3)"),
    ("raw-task", KERNEL, "app.send_task('remind')"),
    ("raw-thread", KERNEL, "threading.Thread(target=work).start()"),
    ("raw-thread", KERNEL, "from concurrent.futures import ThreadPoolExecutor"),
    ("raw-thread", KERNEL, "import asyncio"),
    ("raw-tenant", KERNEL, "connection.set_tenant(tenant)"),
    ("raw-tenant", KERNEL, "from django_tenants.utils import schema_context"),
    ("naive-clock", KERNEL, "datetime.now()"),
    ("naive-clock", KERNEL, "datetime.date.today()"),
    ("naive-clock", KERNEL, "timezone.localdate()"),
    ("day-of-now", MODULE, "timezone.now().date()"),
    ("float-money", MODULE, "price = float(text)"),
    ("float-money", MODULE, "def price(*, amount: float | None) -> None: ..."),
    ("float-money", MODULE, "price = models.FloatField()"),
    ("float-money", "platform/tessera/money.py", "def price() -> float: ..."),
    ("dynamic-code", KERNEL, "eval(text)"),
    ("dynamic-code", KERNEL, "exec(text)"),
    ("unsafe-text", KERNEL, "mark_safe(text)"),
    ("unsafe-text", KERNEL, "from django.utils.safestring import mark_safe"),
    ("raw-list", MODULE, "from graphene_django import DjangoListField"),
    ("raw-list", MODULE, "from graphene_django.filter import DjangoFilterConnectionField"),
    ("raw-list", MODULE, "class Leads(DjangoObjectType):\n    class Meta:\n        model = Lead\nleads = graphene.List(Leads)"),
    ("raw-list", MODULE, "class Lead(graphene.ObjectType):\n    'Stands for it.'\nleads = graphene.List(graphene.NonNull(Lead))"),
    ("pickled", KERNEL, "import pickle"),
    ("raw-http", KERNEL, "import requests"),
    ("raw-http", KERNEL, "from urllib.request import urlopen"),
    ("raw-connection", MODULE, "from django.db import connection"),
    ("other-alias", MODULE, 'Lead.objects.using("shared")'),
    ("kept-in-process", MODULE, "@cache\ndef chart(): ..."),
    ("kept-in-process", MODULE, "@functools.lru_cache(maxsize=None)\ndef chart(): ..."),
    ("plain-refusal", MODULE, 'raise Refused("STATE", "It is closed.")'),
    ("plain-refusal", MODULE, 'Problem("STATE", f"{name} is closed.", ("name",))'),
]
ALLOWED = [
    (KERNEL, 'with transaction.atomic(using="shared"):\n    pass'),
    (KERNEL, "with unit_of_work():\n    on_commit(work)"),
    (KERNEL, "datetime.now(tz=UTC)\ntimezone.now()"),
    (KERNEL, "seconds = float(text)"),
    (KERNEL, "timezone.now().date()"),
    (KERNEL, "re.compile(text)\nast.literal_eval(text)"),
    (MODULE, "class Pair(graphene.ObjectType):\n    left = graphene.ID()\npairs = graphene.List(Pair)"),
    (MODULE, "from graphene_django import DjangoObjectType"),
    (MODULE, "enqueue(remind, days=3)"),
    (MODULE, 'raise Refused("STATE", _("It is closed."))'),
    (MODULE, "from django.db import models"),
]


@pytest.mark.parametrize(("rule", "path", "text"), FORBIDDEN, ids=[f"{rule}-{at}" for at, (rule, _, _) in enumerate(FORBIDDEN)])
def test_a_rule_fires(rule, path, text):
    assert {found.rule for found in findings(path, text)} == {rule}


@pytest.mark.parametrize(("path", "text"), ALLOWED)
def test_the_right_way_passes(path, text):
    assert findings(path, text) == []


def test_every_rule_has_been_seen_to_fire():
    assert {rule.name for rule in RULES} == {rule for rule, _, _ in FORBIDDEN}


def test_an_allowance_covers_its_line_and_the_next():
    assert findings(KERNEL, "# allow pickled: the other side writes nothing else\nimport pickle") == []
    assert findings(KERNEL, "import pickle  # allow pickled: the other side writes nothing else") == []
    assert [found.rule for found in findings(KERNEL, "# allow pickled: only for the next line\nimport os\nimport pickle")] == [
        "pickled",
        "pickled",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("# allow pickled: ok\nimport pickle", "an allowance says why"),
        ("# allow pickled: for old clients only\nimport os", "nothing here needs this allowance"),
        ("# allow whatever: for old clients only\nimport os", "there is no such rule to allow"),
    ],
)
def test_an_allowance_has_a_rule_a_reason_and_a_use(text, says):
    assert [found.says for found in findings(KERNEL, text)] == [says]


def test_the_tree_holds_the_rules():
    """Modules hold them by their own contract."""
    assert [str(found) for found in check_tree(ROOT) if not found.path.startswith("modules/")] == []
