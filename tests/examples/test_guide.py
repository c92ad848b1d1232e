"""The guide for those who build apps, command by command as it is printed, from the first question on."""

import json
import re
import shutil
import subprocess
import time

import pytest
from tessera.accounts.tests.hosts import join, make_account, personal_token
from tessera.bulk.models import BulkOperation
from tessera.bulk.services.running import run_slice
from tessera.context import system
from tessera.testing.plugin import ROOT, entered

GUIDE = (ROOT / "docs/learn/build-an-app.md").read_text()
FIRST_LOOK = 'ask \'{"query": "query ($id: ID!) { bulkOperation('
WAIT = "touch asked; until [ -e worked ]; do sleep 0.05; done\n"
TEA = """ask '{"query": "mutation { partyCreate(input: {name: \\"Tea House\\"}) { node { id } userErrors { code } } }"}'\n"""

pytestmark = pytest.mark.skipif(not all(map(shutil.which, ("bash", "curl", "openssl"))), reason="the guide is for bash and curl")


@pytest.fixture(scope="module")
def owner(served):
    """Return tenant A and a token of its owner."""
    from tenants.models import Tenant

    tenant = Tenant.objects.get(slug="a")
    member = join(tenant, make_account("owner@example.com"), owner=True)
    return tenant, personal_token(tenant, member).secret


@pytest.fixture
def told(served, owner, tmp_path, settings):
    """Return a function that runs a script as the owner of tenant A, and returns what the API answered.

    Bulk operations are run here, in the place of a worker, once the script waits for them.
    """
    settings.MEDIA_ROOT, settings.TESSERA_WEBHOOKS_TO_LOOPBACK = tmp_path / "files", True
    tenant, token = owner

    def run(script):
        script = f'curl() {{ command curl -H "Host: {served.host}" "$@"; }}\n' + script
        process = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", script.replace("http://harbour.localhost:8000", served.url)],
            cwd=tmp_path,
            env={"TOKEN": token, "PATH": "/usr/local/bin:/usr/bin:/bin"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        while process.poll() is None and not (tmp_path / "asked").exists():
            time.sleep(0.02)
        with entered(tenant, actor=system("test")):
            for operation in BulkOperation.objects.values_list("pk", flat=True):
                while run_slice(operation):
                    pass
        (tmp_path / "worked").touch()
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, said
        return answers(said)

    return run


def commands(*titles):
    """Return the commands of sections of the guide, one after the other."""
    sections = re.split(r"^## \d\. ", GUIDE, flags=re.MULTILINE)
    texts = [each for title in titles for each in sections if each.startswith(title)]
    assert len(texts) == len(titles)
    return "\n".join(re.findall(r"^    (.*)$", "".join(texts), re.MULTILINE)) + "\n"


def answers(text):
    """Return the JSON texts that follow each other."""
    found, rest = [], text.strip()
    while rest:
        body, end = json.JSONDecoder().raw_decode(rest)
        found.append(body)
        rest = rest[end:].strip()
    return found


def of(field, found):
    """Return the last answer to a root field."""
    return [each["data"][field] for each in found if field in each.get("data", {})][-1]


def test_every_command_of_the_guide_works(told):
    script = commands("Ask", "Write", "Files", "A lot at once", "Keep a copy in step").replace("ask '", f"{TEA}ask '", 1)
    assert script.count(FIRST_LOOK) == 1
    found = told(script.replace(FIRST_LOOK, WAIT + FIRST_LOOK))
    assert [each["errors"] for each in found if "errors" in each] == []
    (party,) = of("parties", found)["nodes"]
    renamed = of("partyUpdate", found)
    assert (renamed["node"]["id"], renamed["node"]["name"], renamed["userErrors"]) == (party["id"], "Harbour Tea", [])
    assert of("attachmentCreate", found)["userErrors"] == []
    operation = of("bulkOperation", found)
    assert [operation[name] for name in ("state", "rowsDone", "rowsFailed")] == ["DONE", 2, 1]
    assert [each["line"] for each in found if "line" in each] == [1, 2]
    assert of("changes", found)["resyncRequired"] is False
    assert of("node", found)["name"] == "Harbour Tea"


def test_every_command_about_webhooks_works(told):
    definitions, listen = commands("Ask").split("ask '", 1)[0], commands("Listen")
    made, tried = told(definitions + "ask '" + listen.split("ask '", 1)[1].rpartition('{"type"')[0])
    assert made["data"]["webhookSubscriptionCreate"]["userErrors"] == []
    assert tried["data"]["webhookSubscriptionTest"]["node"]["state"] == "PENDING"
