"""The examples of typed clients are made from the published schema, and what they ask is answered."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from tessera.context import system
from tessera.testing.plugin import entered

from frontend_api.persisted import PREFIX, digest
from modules.base.api import create_party
from tests.npm import NODE, ROOT, installed
from tests.tenancy.people import Person, member_of

EXAMPLES = ROOT / "examples" / "clients"
SCHEMA = ROOT / "frontend_api" / "schema" / "full.graphql"
MADE = ("node_modules", "generated", "__generated__")


@pytest.fixture
def typescript(tmp_path) -> Path:
    """Return a directory with the sources of the example, and with its packages."""
    source = EXAMPLES / "typescript"
    shutil.copytree(source, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*MADE))
    (tmp_path / "node_modules").symlink_to(installed(source) / "node_modules")
    (tmp_path / "relay" / "__generated__").mkdir()
    return tmp_path


def run(*command: str | Path, where: Path) -> None:
    """Run a program to its end."""
    environment = os.environ | {"TESSERA_SCHEMA": str(SCHEMA)}
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=240, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_a_typescript_client_is_made_and_its_documents_can_be_trusted(typescript):
    run(NODE, "node_modules/@graphql-codegen/cli/esm/bin.js", "--config", "codegen.ts", where=typescript)
    run(NODE, "node_modules/typescript/bin/tsc", "--noEmit", where=typescript)
    manifest = json.loads((typescript / "src" / "generated" / "persisted-documents.json").read_text())
    assert len(manifest) == 2
    assert all(name == PREFIX + digest(text) for name, text in manifest.items())


@pytest.mark.slow
def test_relay_takes_the_schema_for_pages_refetches_and_edges_that_go(typescript):
    settings = json.loads((EXAMPLES / "typescript" / "relay.config.json").read_text())
    shutil.copy(SCHEMA, typescript / "schema.graphql")
    (typescript / "relay.config.json").write_text(json.dumps(settings | {"schema": "./schema.graphql"}))
    run(NODE, "node_modules/relay-compiler/cli.js", "relay.config.json", where=typescript)
    made = {file.name for file in (typescript / "relay" / "__generated__").iterdir()}
    assert {"CustomersListPage.graphql.ts", "CustomersRowRefetch.graphql.ts"} <= made


def test_a_python_client_is_made_and_reads_every_page(tenant, tmp_path, monkeypatch):
    shutil.copytree(EXAMPLES / "python", tmp_path, dirs_exist_ok=True)
    settings = (tmp_path / "pyproject.toml").read_text().replace("../../../frontend_api/schema/full.graphql", str(SCHEMA))
    (tmp_path / "pyproject.toml").write_text(settings)
    run(Path(sys.executable).with_name("ariadne-codegen"), where=tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    program = importlib.import_module("customers")
    bob = member_of(tenant, base__party_view="all", orders__sales_order_view="all")
    with entered(tenant, actor=system("test")):
        for number in range(60):
            create_party(name=f"Customer {number:02}")
    with httpx.Client(transport=httpx.MockTransport(served_to(bob))) as http:
        tessera = program.Tessera(url="http://a.localhost/graphql", http_client=http)
        names = [customer.name for customer in program.customers(tessera)]
    assert names == [f"Customer {number:02}" for number in range(60)]


def served_to(person: Person) -> Callable[[httpx.Request], httpx.Response]:
    """Return what answers a client's requests as the product answers that person."""

    def answer(request: httpx.Request) -> httpx.Response:
        answered = person.client.post(request.url.path, request.content, content_type=request.headers["Content-Type"])
        return httpx.Response(answered.status_code, content=answered.content)

    return answer
