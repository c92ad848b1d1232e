"""What is committed speaks of the project alone: no machine, no registry, no tracker."""

import re

import pytest
from tessera.testing.plugin import ROOT

from tests.architecture.checkout import files

FORBIDDEN = {
    "a path of somebody's machine": re.compile(
        r"(?<![\w.$}])/(?:root|work|home/(?!you\b)\w+|Users/\w+|opt/pypi)(?:/|\b(?=[\"'`\s]))"
    ),
    "a registry's address": re.compile(r"https?://(?:[\w.-]*pythonhosted\.org|pypi\.org/simple|registry\.\w+\.\w+)"),
    "the tracker": re.compile(r"\b[Ii]ssue #?\d+|\bgh-\d+\b|\B#\d{1,4}\b(?![0-9a-fA-F])"),
    "a folder beside the checkout": re.compile(r"\.\./shared"),
}
HERE = "tests/architecture/test_texts.py"
EXEMPT = {
    (".ci/run", "a folder beside the checkout"): "it looks there for the public data set and does without",
}
TEXT = {
    ".py",
    ".md",
    ".toml",
    ".txt",
    ".in",
    ".lock",
    ".yml",
    ".yaml",
    ".json",
    ".sql",
    ".html",
    ".css",
    ".ts",
    ".tsx",
    ".po",
    ".graphql",
    "",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_text_names(what):
    found = []
    for path in files():
        if path.suffix not in TEXT or (path.as_posix(), what) in EXEMPT or path.as_posix() == HERE:
            continue
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
            if FORBIDDEN[what].search(line):
                found.append(f"{path}:{number} {line.strip()[:120]}")
    assert found == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a path of somebody's machine", "see /root/notes"),
        ("a path of somebody's machine", 'DATA = "/home/ada/data"'),
        ("a registry's address", "https://files.pythonhosted.org/packages/x.whl"),
        ("the tracker", "as issue 12 says"),
        ("the tracker", "fixes #12"),
        ("a folder beside the checkout", "../shared/spec"),
    ],
)
def test_it_would_be_noticed(what, text):
    assert FORBIDDEN[what].search(text)
