"""Each of the product's own checks has an id of its own: it is what an operator looks up, and what SILENCED_SYSTEM_CHECKS names."""

import ast
from collections import Counter
from pathlib import Path

from billing.catalogue.checks import IDS

ROOT = Path(__file__).parents[2]
MESSAGES = {"Debug", "Info", "Warning", "Error", "Critical", "CheckMessage"}


def ids():
    """Yield the id that each message of a check is written with."""
    yield from IDS.values()
    for folder in ("billing", "tenants", "platform", "modules"):
        for file in (ROOT / folder).rglob("*.py"):
            if "tests" in file.parts or "django.core.checks" not in (text := file.read_text()):
                continue
            for call in ast.walk(ast.parse(text)):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in MESSAGES:
                    said = {each.arg: each.value for each in call.keywords}
                    assert "id" in said, f"{file}:{call.lineno} says no id"
                    if isinstance(said["id"], ast.Constant):
                        yield said["id"].value


def test_each_check_has_an_id_of_its_own():
    counts = Counter(ids())
    assert len(counts) > 30
    assert [name for name, times in counts.items() if times > 1] == []
