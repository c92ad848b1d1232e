"""How it runs: from the command line, over restarts, and never in production."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import stripe

from billing.local_stripe.store import Store
from billing.local_stripe.testing import running
from tests.billing.local_stripe.conftest import START, Shop
from tests.billing.local_stripe.test_faithfulness import live_a_life

ROOT = Path(__file__).resolve().parents[3]


def python(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start Python in the checkout."""
    env = {**os.environ, **environment}
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_production_cannot_import_it() -> None:
    process = python("-c", "import billing.local_stripe.server", DJANGO_SETTINGS_MODULE="tessera.settings.production")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "NotForProduction: billing.local_stripe takes any card for good" in errors


def test_it_imports_nothing_else_of_ours() -> None:
    code = (
        "import sys, billing.local_stripe.server, billing.local_stripe.testing, billing.local_stripe.__main__;"
        "ours = ('tessera', 'tenants', 'modules', 'frontend_api', 'billing', 'django');"
        "print([n for n in sys.modules if n.split('.')[0] in ours and not n.startswith('billing.local_stripe')])"
    )
    told, errors = python("-c", code, PYTHONPATH=f"{ROOT}").communicate(timeout=60)
    assert (told, errors) == ("['billing']\n", "")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_command_line_serves_one_key_until_it_is_told_to_stop(tmp_path: Path) -> None:
    port, path, key = free_port(), tmp_path / "stripe.json", "sk_test_mine"
    process = python("-m", "billing.local_stripe", "--port", str(port), "--data", str(path), "--api-key", key)
    assert process.stdout is not None
    assert process.stdout.readline() == f"The local Stripe answers at http://127.0.0.1:{port}\n"
    bases = {"api": f"http://127.0.0.1:{port}"}
    made = stripe.StripeClient(key, base_addresses=bases).v1.customers.create({"email": "ada@example.com"}).id
    with pytest.raises(stripe.AuthenticationError):
        stripe.StripeClient("sk_test_other", base_addresses=bases).v1.customers.list()
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    assert json.loads(path.read_text())["kinds"]["customer"][made]["email"] == "ada@example.com"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--help"], "where events are delivered to"),
        (
            ["--port", "1", "--data", ":memory:", "--webhook-url", "http://127.0.0.1/"],
            "--webhook-url and --webhook-secret go together",
        ),
        (
            ["--port", "1", "--data", ":memory:", "--webhook-url", "x", "--webhook-secret", "y"],
            "--webhook-secret begins with whsec_",
        ),
    ],
)
def test_the_command_line_says_what_it_wants(arguments: list[str], says: str, capsys: Any, monkeypatch: Any) -> None:
    from billing.local_stripe import __main__ as program

    monkeypatch.setattr(sys, "argv", ["local_stripe", *arguments])
    with pytest.raises(SystemExit):
        program.arguments()
    told = capsys.readouterr()
    assert says in told.out + told.err


def test_a_restart_keeps_the_clock_the_keys_and_what_was_not_delivered(tmp_path: Path) -> None:
    path, got = tmp_path / "stripe.json", []
    with running(path, at=START, deliver=False, webhook_url="http://127.0.0.1:9/") as local:
        shop = Shop(local)
        sub = shop.subscription((shop.price("Seat", 1000), 1))
        local.advance(days=3)
        first = local.client.v1.customers.create({}, {"idempotency_key": "one"}).id
        waiting = [event["id"] for event in local.events()]
    with running(path, at=START + 3 * 86400, deliver=False, webhook_url="http://127.0.0.1:9/") as local:
        local.deliver_to(lambda body, header: (got.append(json.loads(body)["id"]), 200)[1])
        local.local.delivery.start()
        local.drain()
        local.local.delivery.stop()
        assert local.client.v1.customers.create({}, {"idempotency_key": "one"}).id == first
        local.advance(days=28)
        assert Shop(local).invoices(sub.id)[0].status == "paid"
    assert got == waiting


def test_everything_there_is_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "stripe.json"
    with running(path, at=START, deliver=False) as local:
        live_a_life(Shop(local))
        kinds = local.local.store.kinds
    kept = Store(path)
    assert kept.kinds == kinds
    assert list(kept.of("invoice", customer=next(kept.of("invoice"))["customer"]))


def test_a_file_is_old_or_new_and_never_half(tmp_path: Path, monkeypatch: Any, capfd: Any) -> None:
    path = tmp_path / "stripe.json"
    with running(path, at=START, deliver=False) as local:
        local.client.v1.customers.create({"email": "ada@example.com"})
        before = path.read_text()

        def fail(*_: Any) -> None:
            raise OSError("the disk is full")

        monkeypatch.setattr(os, "replace", fail)
        with pytest.raises(stripe.APIError, match="its output says why"):
            local.client.v1.customers.create({"email": "bob@example.com"})
    assert path.read_text() == before
    assert "OSError: the disk is full" in capfd.readouterr().err
