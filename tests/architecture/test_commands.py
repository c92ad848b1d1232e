"""The page of commands names every verb, command and variable that there is, and each once."""

import re
from importlib import import_module

import pytest
from tessera.management.refused import RefusedCommand
from tessera.testing.plugin import ROOT

PAGE = (ROOT / "docs/look-up/commands.md").read_text()
ROWS = re.findall(r"^\| `([^`]+)`", PAGE, re.MULTILINE)
VERBS = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
COMMANDS = {file.stem: file for file in ROOT.glob("*/**/management/commands/[a-z]*.py") if ".venv" not in file.parts}


def own(name):
    """Say whether a command does something, rather than refuse one of a library."""
    package = ".".join(COMMANDS[name].relative_to(ROOT).with_suffix("").parts).removeprefix("platform.")
    return not issubclass(import_module(package).Command, RefusedCommand)


def test_every_verb_has_one_row():
    assert sorted(row for row in ROWS if row.startswith("make ")) == sorted(f"make {verb}" for verb in VERBS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_of_ours_has_a_row(name):
    assert any(row.split()[0] == name for row in ROWS) == own(name)


def test_every_variable_is_named():
    read = re.compile(r"""(?:environ(?:\.get\(|\[)|need\()["'](TESSERA_\w+)""")
    sources = [
        file for root in ("platform", "tenants", "billing", "frontend_api") for file in (ROOT / root).rglob("settings/*.py")
    ]
    names = {name for file in sources for name in read.findall(file.read_text())}
    unnamed = {name for name in names if f"`{name}`" not in PAGE and f"`_{name.removeprefix('TESSERA_OIDC_')}`" not in PAGE}
    assert unnamed == set()
