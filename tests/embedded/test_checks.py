"""The runner behind `make test`, and the bootstrap before it."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from tessera.embedded import bootstrap as bootstrap_of_package
from tessera.embedded.checks import Check, checks, packages, run_all


def says(name: str, status: int, group: str = "lint") -> Check:
    return Check(name, group, (sys.executable, "-c", f"import sys; print('here is {name}'); sys.exit({status})"))


def test_every_check_runs_and_one_failure_fails_the_whole(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_all([says("a", 0), says("b", 3), says("c", 0), says("d", 0, group="tests")], []) == 1
    lines = capfd.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith(("==", "here"))] == [
        *("== a", "here is a", "== b", "here is b", "== c", "here is c", "== so far", "== d", "here is d")
    ]
    assert lines[-1] == "here is d"
    assert any(line.startswith("   FAIL b ") for line in lines)


def test_all_passing_is_status_0(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_all([says("a", 0), says("d", 0, group="tests")], []) == 0


def test_a_missing_program_is_a_failure(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_all([Check("gone", "lint", ("no-such-program",)), says("b", 0)], []) == 1
    assert "here is b" in capfd.readouterr().out


def test_the_tests_are_the_last_check() -> None:
    assert [check.group for check in checks()].index("tests") == len(checks()) - 1
    assert packages()[0] == "platform/tessera"


@pytest.fixture
def bootstrap() -> ModuleType:
    """Return the bootstrap as `make` runs it: from its file, outside the package."""
    spec = importlib.util.spec_from_file_location("bootstrap", bootstrap_of_package.__file__)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_uv_is_told_where_pip_finds_packages(bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nindex-url = https://registry.example/simple\nextra-index-url =\n    https://a.example/simple\n"
        "    https://b.example/simple\nfind-links = /one /two\n[install]\nindex-url = https://install.example/simple\n"
    )
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    monkeypatch.setenv("PIP_CERT", "/ca.pem")
    monkeypatch.setattr(bootstrap, "PYTHON", sys.executable)
    assert bootstrap.index_settings() == {
        "UV_DEFAULT_INDEX": "https://install.example/simple",
        "UV_INDEX": "https://a.example/simple https://b.example/simple",
        "UV_FIND_LINKS": "/one,/two",
        "SSL_CERT_FILE": "/ca.pem",
    }


def test_no_file_beside_the_bootstrap_is_named_like_the_standard_library() -> None:
    names = {path.stem for path in Path(bootstrap_of_package.__file__).parent.glob("*.py")}
    assert names & sys.stdlib_module_names == set()
