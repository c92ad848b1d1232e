"""A partner's package, built and installed as pip would, is a module like ours; without it nothing of it is there."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace
from zipfile import ZipFile

import psycopg
import pytest
from django.conf import settings
from tessera.scaffold import start_module
from tessera.testing import databases
from tessera.testing.plugin import ROOT

PACKAGE = ROOT / "examples" / "partner_module"
PEOPLE = """
import json
from tenants.models import Tenant
from tests.tenancy.people import owner_of
found = {slug: owner_of(Tenant.objects.get(slug=slug), f"ada.{slug}").client.defaults for slug in "ab"}
print(json.dumps({slug: {key: each[key] for key in ("HTTP_HOST", "HTTP_AUTHORIZATION")} for slug, each in found.items()}))
"""
ASK = """
import json
from django.test import Client
clients = {slug: Client(**headers) for slug, headers in json.loads('PEOPLE').items()}

def ask(text, slug="a", **variables):
    body = json.dumps({"query": text, "variables": variables})
    return clients[slug].post("/graphql", body, content_type="application/json").json()

def codes(text, slug="a"):
    return [error["extensions"]["code"] for error in ask(text, slug)["errors"]]

def do(mutation, kind, shown="id", **arguments):
    also = "".join(f', {name}: "{value}"' for name, value in arguments.items() if name != "input")
    text = f"mutation ($input: {kind}) {{ it: {mutation}(input: $input{also}) {{ node {{ {shown} }} userErrors {{ code field }} }} }}"
    answer = ask(text, input=arguments["input"])["data"]["it"]
    assert answer["userErrors"] == [], answer
    return answer["node"]
"""
STORY = """
unit = ask("{ units(first: 1) { nodes { id } } }")["data"]["units"]["nodes"][0]["id"]
company = do("companyCreate", "CompanyCreateInput!", input={"code": "HQ", "name": "Pumps", "currency": "USD"})["id"]
party = do("partyCreate", "PartyCreateInput!", input={"name": "Alfreds"})["id"]
item = do("itemCreate", "ItemCreateInput!", input={"code": "PUMP", "name": "Pump", "unit": unit})["id"]
do("acmeServicePlanCreate", "AcmeServicePlanCreateInput!", input={"item": item, "intervalMonths": 6})
given = {"item": item, "company": company, "party": party, "deliveredOn": "2026-01-31", "serialNumber": "SN-1"}
machine = do("acmeMachineCreate", "AcmeMachineCreateInput!", "id warrantyUntil visits { nodes { id dueOn } }", input=given)
(visit,) = machine["visits"]["nodes"]
told = do("acmeVisitComplete", "AcmeVisitCompleteInput!", "state", id=visit["id"], input={"report": "Oiled.", "doneOn": "2026-02-01"})
below = ask("{ parties { nodes { acmeMachines { nodes { serialNumber } } } } }")["data"]["parties"]["nodes"]
print(json.dumps([machine["warrantyUntil"], visit["dueOn"], told["state"], below, codes("{ acmeMachines { totalCount } }", "b")]))
"""
WITHOUT = """
from tessera.events import EVENTS
from tessera.module import modules
from tessera.permissions import all_permissions
from tessera.resource import RESOURCES
print(json.dumps([
    codes("{ acmeMachines { totalCount } }") == codes("{ neverWasThere { totalCount } }") == ["BAD_INPUT"],
    ask("{ parties { nodes { name } } me { modules } }")["data"],
    [name for known in (modules(), EVENTS, all_permissions(), RESOURCES) for name in known if "acme" in name.lower()],
]))
"""


def run(*command, **options):
    """Run a program to its end; return what it wrote, or fail with it."""
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=850, **options)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Build the wheel without a network and install it beside the product; return the folder and what the wheel holds."""
    dist, target = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("site")
    run("-c", f"from hatchling.build import build_wheel; build_wheel({str(dist)!r})", cwd=PACKAGE)
    (wheel,) = dist.iterdir()
    tool = ("-m", "uv", "pip", "install", "-q", "--offline", "--no-cache", "--no-deps", "--python", sys.executable)
    run(*tool, "--target", str(target), str(wheel))
    return SimpleNamespace(folder=target, wheel=wheel.name, files=ZipFile(wheel).namelist())


def environment(database, *paths):
    """Return the environment of a process of the product with a database, and packages beside its own."""
    server, _, name = settings.DATABASE_URL.rpartition("/")
    query = name.partition("?")[1] + name.partition("?")[2]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "DJANGO_"))}
    found = {"PYTHONPATH": os.pathsep.join(map(str, paths)), "DATABASE_URL": f"{server}/{database}{query}"}
    return kept | found | {"DJANGO_SETTINGS_MODULE": "tessera.settings.test"}


@pytest.fixture
def product(_clone):
    """Return a function that runs manage.py on a database with tenants A and B, made before the package was installed."""
    name = databases.clone(databases.ensure_template(), f"partner{os.getpid()}")

    def manage(*words, beside=(), stdin=""):
        return run("-W", "ignore", "manage.py", *words, input=stdin, cwd=ROOT, env=environment(name, *beside))

    with psycopg.connect(environment(name)["DATABASE_URL"], autocommit=True) as connection:
        yield SimpleNamespace(manage=manage, rows=lambda text: connection.execute(text).fetchall())
    databases.drop(name)


def test_the_wheel_holds_all_of_the_module_and_where_it_is_found(installed):
    assert installed.wheel == "tessera_acme_maintenance-1.0-py3-none-any.whl"
    written = {path.relative_to(PACKAGE).as_posix() for path in (PACKAGE / "acme_maintenance").rglob("*.*")}
    wanted = {path for path in written if path.endswith((".py", ".po"))}
    assert {path for path in installed.files if path.startswith("acme_maintenance/")} == wanted
    about = (installed.folder / "tessera_acme_maintenance-1.0.dist-info" / "entry_points.txt").read_text()
    assert about == "[tessera.modules]\nacme_maintenance = acme_maintenance.apps:AcmeMaintenance\n"


def test_it_is_a_module_like_ours_and_gone_without_its_package(product, installed):
    beside = (installed.folder,)
    product.manage("module", "enable", "acme_maintenance", "--tenant", "a", beside=beside)
    tables = "SELECT schemaname, count(*) FROM pg_tables WHERE tablename LIKE 'acme_%' GROUP BY 1"
    assert product.rows(tables) == [("t_a", 3)]
    asked = ASK.replace("PEOPLE", product.manage("shell", "-v0", stdin=PEOPLE).strip())
    said = json.loads(product.manage("shell", "-v0", beside=beside, stdin=asked + STORY))
    machines = {"acmeMachines": {"nodes": [{"serialNumber": "SN-1"}]}}
    assert said == ["2028-01-31", "2026-07-31", "DONE", [machines], ["BAD_INPUT"]]

    is_unknown, data, traces = json.loads(product.manage("shell", "-v0", stdin=asked + WITHOUT))
    assert is_unknown and traces == []
    assert data["parties"] == {"nodes": [{"name": "Alfreds"}]}
    assert "stock" in data["me"]["modules"] and "acme_maintenance" not in data["me"]["modules"]
    assert product.rows("SELECT state FROM t_a.acme_maintenance_acmevisit ORDER BY due_on") == [("done",), ("planned",)]


@pytest.fixture
def fresh_database():
    """Return the name of an empty database, which goes afterwards with all that was made of it."""
    name = f"partner_{os.getpid()}"
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield name
        made = admin.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [name]).fetchall()
        for (each,) in made:
            admin.execute(f'DROP DATABASE "{each}" WITH (FORCE)')


@pytest.mark.timeout(900)  # a template database of its own, with every module
def test_plain_pytest_runs_the_tests_of_modules_outside_of_the_tree(installed, fresh_database, tmp_path):
    """Those of the example, and of what `startmodule` writes for a vendor."""
    start_module("acme_parts", "AcmeSparePart", tmp_path, "acme")
    about = tmp_path / "acme_parts-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme_parts\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[tessera.modules]\nacme_parts = acme_parts.apps:AcmeParts\n")
    env = environment(fresh_database, installed.folder, tmp_path, tmp_path / "acme_parts")
    which = ("-k", "not (TestAcmeParts and lives)", "acme_parts", str(installed.folder / "acme_maintenance"))
    said = run("-m", "pytest", "-q", "-p", "no:cacheprovider", *which, cwd=tmp_path, env=env)
    assert " passed" in said.splitlines()[-1]
