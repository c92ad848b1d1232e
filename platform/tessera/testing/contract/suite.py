"""The contract as tests: one per check, so that each failure has a name."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

import pytest

from tessera.testing.contract import answers, indexes, life
from tessera.testing.contract.life import within
from tessera.testing.contract.parts import CHECKS, Check, Part, as_check, part_of

for _name in ("manifests", "tables", "documents", "code", "surface", "vendors", "language"):
    import_module(f"tessera.testing.contract.{_name}")

LIVED = [as_check(each) for each in (life.it_installs_alone, life.off_and_on_keeps_every_byte, life.purging_leaves_nothing)]
INDEXED = [
    as_check(each)
    for each in (indexes.lists_come_in_order, indexes.nested_lists_come_in_order, indexes.searched_columns_are_indexed)
]
ANSWERED = [as_check(each) for each in (answers.viewers_see, answers.others_are_refused, answers.bad_input_is_refused)]


def told(says: str, problems: Iterable[str]) -> str:
    """Return what is wrong as one text; empty when nothing is."""
    found = list(dict.fromkeys(problems))
    return (
        "\n".join([f"{says} Here {len(found)} things are against it:", *(f"  - {problem}" for problem in found)]) if found else ""
    )


def refuse(says: str, problems: Iterable[str]) -> None:
    """Fail a test with everything that is wrong."""
    if text := told(says, problems):
        pytest.fail(text, pytrace=False)


class ModuleContract:
    """Inherit it in `tests/test_contract.py` and name the module; see the package's text."""

    module: str
    gaps: Mapping[str, str] = {}  # checks that do not hold yet, each with what is missing; one that holds must go

    def judge(self, check: Check, part: Part) -> None:
        """Fail with everything that is wrong, unless it is a gap that the module owns up to."""
        text, gap = told(check.says, check.find(part)), self.gaps.get(str(check))
        if gap and not text:
            pytest.fail(f"{check} holds now: take it out of `gaps`", pytrace=False)
        if gap:
            pytest.xfail(gap)
        if text:
            pytest.fail(text, pytrace=False)

    @pytest.fixture
    def part(self) -> Part:
        """Return the module as the checks look at it."""
        return part_of(self.module)

    @pytest.mark.parametrize("check", CHECKS, ids=str)
    def test_it_holds(self, check: Check, part: Any) -> None:
        self.judge(check, part)

    @pytest.mark.parametrize("check", LIVED, ids=str)
    def test_it_lives(self, check: Check, part: Any, tenant: Any, settings: Any, tmp_path: Any) -> None:
        settings.TESSERA_EXPORTS = tmp_path
        if gap := self.gaps.get(str(check)):
            pytest.xfail(gap)
        refuse(check.says, check.find(part))

    @pytest.mark.parametrize("check", INDEXED, ids=str)
    def test_it_is_indexed(self, check: Check, part: Any, tenant: Any) -> None:
        with within(tenant, *part.closure):
            self.judge(check, part)

    @pytest.mark.parametrize("check", ANSWERED, ids=str)
    def test_it_answers(self, check: Check, part: Any, tenant: Any) -> None:
        with within(tenant, *part.closure):
            refuse(check.says, check.find(part))
