"""The story's last line says how it went, whatever went wrong."""

import json
import socket

import pytest
from django.core.management import call_command

from tessera.story import tale
from tessera.story.client import StoryFailed
from tessera.story.companies import sample
from tessera.story.stage import Stage


@pytest.fixture
def stage(tmp_path):
    said = []
    made = Stage(address="127.0.0.1:1", domain="localhost", mail=tmp_path, record=tmp_path / "story.json", say=said.append)
    made.said = said
    return made


def act(title, *failures):
    """Make an act of one step that fails by raising each of `failures`."""

    def play(stage, company):
        with stage.step(title) as found:
            for failure in failures:
                raise failure
            found["done"] = "yes"

    return play


def test_all_acts_make_it_ok(stage, monkeypatch):
    monkeypatch.setattr(tale, "ACTS", (act("one"), act("two")))
    assert tale.tell(stage, sample()) == "story: ok"
    assert [step["step"] for step in stage.steps] == ["one", "two"]


@pytest.mark.parametrize("failure", [StoryFailed("the sum is 3"), KeyError("nodes")])
def test_a_failure_of_any_kind_names_its_step_and_why(stage, monkeypatch, failure):
    monkeypatch.setattr(tale, "ACTS", (act("one"), act("two", failure), act("three")))
    assert tale.tell(stage, sample()) == "story: failed: two"
    assert str(failure) in stage.said[-1]
    assert [step["step"] for step in stage.steps] == ["one"]


def test_a_failed_check_tells_both_sides(stage):
    with pytest.raises(StoryFailed, match="units: expected 3, found 2"):
        stage.check("units", 2, 3)


def test_the_command_ends_with_the_line_status_1_and_the_record(settings, tmp_path, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        settings.DATA, settings.EMAIL_FILE_PATH = tmp_path, tmp_path / "mail"
        with pytest.raises(SystemExit) as ended:
            call_command("story", keep=True, address=f"127.0.0.1:{taken.getsockname()[1]}")
    assert ended.value.code == 1
    assert capsys.readouterr().out.splitlines()[-1] == "story: failed: the beginning"
    assert json.loads((tmp_path / "story.json").read_text())["outcome"] == "story: failed: the beginning"
