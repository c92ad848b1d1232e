"""The README's way to a first query, command by command as it is printed."""

import json
import re
import shutil
import subprocess

import pytest
from tessera.testing.plugin import ROOT

pytestmark = [pytest.mark.committed, pytest.mark.slow]


@pytest.mark.skipif(shutil.which("curl") is None, reason="the commands of the README are curl's")
def test_every_command_of_the_first_query_works(accounts):
    section = (ROOT / "README.md").read_text().split("## Five minutes to a first query")[1].split("\n## ")[0]
    commands = "\n".join(re.findall(r"^    (.*)$", section, re.MULTILINE))
    assert commands.count("curl -s") == 6
    script = commands.replace("http://localhost:8000", accounts).replace("localhost:8000", accounts.removeprefix("http://"))
    run = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    asked, confirmed, answered = bodies(run.stdout)
    assert asked["data"]["signUp"] == {"email": "ada@acme.example", "userErrors": []}
    assert confirmed["data"]["signUpConfirm"]["userErrors"] == []
    assert answered["data"]["me"]["member"]["name"] == "ada@acme.example"
    assert len(answered["data"]["units"]["nodes"]) == 3


def bodies(text):
    """Return the JSON texts that follow each other."""
    found, at = [], 0
    while at < len(text.rstrip()):
        body, at = json.JSONDecoder().raw_decode(text, at)
        found.append(body)
    return found
