"""The tree is laid out as the plan says."""

import platform
import re
from pathlib import Path

from tessera.module import modules
from tessera.testing.contract.code import LONGEST, LONGEST_TEST, VAGUE
from tessera.testing.plugin import ROOT

from tests.architecture.checkout import files, python_files

TOP = {
    *(".ci", ".github", ".gitignore", ".gitattributes", ".editorconfig", ".dockerignore", ".pre-commit-config.yaml"),
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "LICENSE", "NOTICE", "Makefile", "manage.py"),
    *("pyproject.toml", "requirements", "changes", "docs", "platform", "modules", "tenants", "billing", "frontend_api"),
    *("examples", "tests", "stubs", "helm", "Dockerfile"),
}
KERNEL = ROOT / "platform" / "tessera"


def test_the_top_level_has_known_names():
    assert sorted({path.parts[0] for path in files()} - TOP) == []


def test_platform_holds_exactly_one_package():
    assert sorted({path.parts[1] for path in files() if path.parts[0] == "platform"}) == ["tessera"]
    assert not (ROOT / "platform" / "__init__.py").exists()


def test_the_standard_library_keeps_its_platform():
    assert platform.python_version_tuple()[0] == "3"
    assert ROOT not in Path(platform.__file__).parents


def test_files_are_short():
    lines = {path: (ROOT / path).read_text().count("\n") for path in python_files()}
    longest = {path: LONGEST_TEST if "tests" in path.parts else LONGEST for path in lines}
    assert {str(path): count for path, count in lines.items() if count > longest[path]} == {}


def test_names_say_what_is_inside():
    assert [str(path) for path in python_files() if VAGUE & set(re.split(r"[/.]", path.as_posix()))] == []


def test_names_are_snake_case():
    odd = [
        str(path)
        for path in python_files()
        if not all(re.fullmatch(r"[a-z0-9_]+", name.partition(".")[0]) for name in path.parts)
    ]
    assert odd == []


def test_every_module_inherits_the_contract():
    """Also those that a later change adds."""
    without = []
    for label, module in modules().items():
        if module.name.startswith("tests."):
            continue
        test = Path(module.path) / "tests" / "test_contract.py"
        if not test.is_file() or f'module = "{label}"' not in test.read_text():
            without.append(label)
    assert without == []


FIXED = {
    *("__init__", "apps", "models", "services", "selectors", "events", "handlers", "resources", "tasks", "ports", "api"),
    *("settings", "graphql", "migrations", "locale", "tests", "guards", "templates", "static"),
}
OWN = {
    "finance: charts": "charts of accounts are data, read by services",
    "workflow: steps.py": "the typed form of a process, which models keep as JSON",
}


def test_a_module_uses_the_fixed_names():
    """A newcomer finds the same part of every module in the same place."""
    odd = []
    for module in modules().values():
        if module.name.startswith("tests."):
            continue
        for path in sorted(Path(module.path).iterdir()):
            inner = path.is_dir() and ((path / "apps.py").exists() or not any(path.glob("*.py")))
            if not inner and path.name.partition(".")[0] not in FIXED:
                odd.append(f"{module.label}: {path.name}")
    assert sorted(odd) == sorted(OWN)
