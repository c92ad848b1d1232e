"""A module written by `startmodule` is whole: it installs, works, and holds the contract."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from tessera.scaffold import CannotStart, start_module, words_of

ROOT = Path(__file__).resolve().parents[2]
WITH_IT = """
from tessera.settings.test import *
INSTALLED_APPS = [*INSTALLED_APPS, "spare_parts.apps.SpareParts"]
TENANT_APPS = [*TENANT_APPS, "spare_parts.apps.SpareParts"]
"""
USE_IT = """
from spare_parts.models import SparePart
from spare_parts.services import retire_spare_part
from tenants.models import Tenant
from tessera.context import enter, system
from tessera.unit_of_work import unit_of_work
tenant = Tenant.objects.get(slug="acme").ref()
with enter(tenant, actor=system("test"), modules=frozenset({"base", "spare_parts"})):
    with unit_of_work():
        row = SparePart(name="wheel")
        row.save()
    print(retire_spare_part(spare_part=row), row.version, SparePart.objects.get().retired)
"""


@pytest.fixture
def manage(_database, tmp_path):
    """Return a function that runs manage.py where the scaffold `spare_parts` is installed."""
    start_module("spare_parts", "SparePart", tmp_path)
    (tmp_path / "with_it.py").write_text(WITH_IT)
    base, _, name = settings.DATABASE_URL.rpartition("/")
    query = name.partition("?")[1] + name.partition("?")[2]
    env = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(tmp_path / "spare_parts")]),
        "DJANGO_SETTINGS_MODULE": "with_it",
        "DATABASE_URL": f"{base}/{settings.DATABASES['default']['NAME']}{query}",
    }

    def run(*args, stdin=""):
        command = [sys.executable, "-W", "ignore", str(ROOT / "manage.py"), *args]
        return subprocess.run(command, env=env, input=stdin, capture_output=True, text=True, timeout=120)

    return run


@pytest.mark.committed
def test_the_scaffold_installs_works_and_holds_the_contract(manage):
    done = manage("makemigrations", "spare_parts", "--check", "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr
    done = manage("tenant", "create", "acme", "--company", "Acme", "--modules", "spare_parts")
    assert done.returncode == 0, done.stderr
    done = manage("shell", "-v0", stdin=USE_IT)
    assert done.stdout == "wheel 1 True\n", done.stderr
    done = manage("checkmodule", "spare_parts")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no " not in {line[:3] for line in done.stdout.splitlines()}


@pytest.mark.parametrize(
    ("noun", "found"),
    [
        ("SparePart", {"noun": "spare_part", "noun_text": "spare part", "nouns": "spare parts", "Nouns": "Spare parts"}),
        ("Category", {"noun": "category", "nouns": "categories"}),
        ("Survey", {"nouns": "surveys"}),
        ("Box", {"nouns": "boxes"}),
    ],
)
def test_words_are_made_of_the_noun(noun, found):
    words = words_of("acme_fleet", noun)
    assert found.items() <= words.items()
    assert (words["Label"], words["title"]) == ("AcmeFleet", "Acme fleet")


def test_a_vendors_prefix_is_in_names_and_not_in_texts(tmp_path):
    words = words_of("acme_fleet", "AcmeSparePart", "acme")
    assert (words["Label"], words["title"], words["noun"], words["nouns"]) == (
        "AcmeFleet",
        "Fleet",
        "acme_spare_part",
        "spare parts",
    )
    start_module("acme_fleet", "AcmeSparePart", tmp_path, "acme")
    manifest = (tmp_path / "acme_fleet" / "acme_fleet" / "apps.py").read_text()
    assert '    depends = ("base",)\n    vendor = "acme"\n' in manifest
    assert 'Permission("acme_fleet.acme_spare_part_view", _("View spare parts")),' in manifest


@pytest.mark.parametrize(
    ("vendor", "label", "noun", "reason"),
    [
        ("Acme", "acme_fleet", "AcmeVan", "is no vendor's prefix"),
        ("acme", "fleet", "AcmeVan", "begin with its prefix, such as: acme_fleet"),
        ("acme", "acme_fleet", "Van", "AcmeVan"),
    ],
)
def test_names_without_the_vendors_prefix_write_nothing(tmp_path, vendor, label, noun, reason):
    with pytest.raises(CannotStart, match=reason):
        start_module(label, noun, tmp_path, vendor)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("label", "noun", "reason"),
    [
        ("Fleet", "Vehicle", "is no module's name"),
        ("../fleet", "Vehicle", "is no module's name"),
        ("fleet", "vehicle", "is no noun"),
        ("base", "Party", "is installed already"),
        ("there", "Vehicle", "is there already"),
    ],
)
def test_bad_names_write_nothing(tmp_path, label, noun, reason):
    (tmp_path / "there").mkdir()
    with pytest.raises(CannotStart, match=reason):
        start_module(label, noun, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_the_command_names_the_next_step(tmp_path, capsys):
    call_command("startmodule", "fleet", "Vehicle", "--into", str(tmp_path))
    install = f"python -m uv pip install --no-deps --no-build-isolation -e {tmp_path / 'fleet'}"
    assert f"Next: {install} && python manage.py checkmodule fleet\n" in capsys.readouterr().out
    with pytest.raises(CommandError, match="there already"):
        call_command("startmodule", "fleet", "Vehicle", "--into", str(tmp_path))


def test_it_builds_for_an_editable_install_with_what_the_lock_files_bring(tmp_path):
    start_module("fleet", "Vehicle", tmp_path)
    build = [sys.executable, "-c", "from hatchling.build import build_editable; print(build_editable('.'))"]
    done = subprocess.run(build, cwd=tmp_path / "fleet", capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "fleet-1.0-py3-none-any.whl\n"), done.stderr


def test_an_unknown_module_is_not_checked(_database):
    with pytest.raises(CommandError, match="no module nothing is installed; installed are: "):
        call_command("checkmodule", "nothing")
