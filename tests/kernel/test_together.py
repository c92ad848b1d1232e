"""With several processes, tests that share something stay in one: a group, and a file that makes something once."""

import os
import re
import subprocess
import sys
from collections import defaultdict

TESTS = {
    "test_group.py": """
import pytest

@pytest.mark.xdist_group("stack")
@pytest.mark.parametrize("number", range(4))
def test_of_a_group(number):
    pass
""",
    "test_file.py": """
import pytest

@pytest.fixture(scope="module")
def world():
    return object()

@pytest.mark.parametrize("number", range(4))
def test_of_a_file(world, number):
    pass
""",
    "test_alone.py": """
import pytest

@pytest.mark.parametrize("number", range(8))
def test_alone(number):
    pass
""",
}


def test_what_is_shared_is_made_by_one_process(tmp_path):
    for name, text in TESTS.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers -p no:cacheprovider\n")
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-v",
        "-p",
        "tessera.testing.together",
        "-p",
        "xdist",
        "-n",
        "2",
        "--dist",
        "loadgroup",
    ]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | alone, capture_output=True, text=True)
    ran = defaultdict(set)
    for process, test in re.findall(r"^\[(gw\d)\].* PASSED \S+::(\w+)\[", done.stdout, re.MULTILINE):
        ran[test].add(process)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [len(ran[name]) for name in ("test_of_a_group", "test_of_a_file", "test_alone")] == [1, 1, 2]
