"""A supervisor over small children instead of Tessera's: `python cast.py ROOT VARIANT up ...`."""

import json
import sys
from pathlib import Path

from tessera.embedded.__main__ import main
from tessera.embedded.plan import Plan, Service, Step

PYTHON = "{python}"
# A master with one child of its own, like every real service; the child ignores the polite signal.
WEB = """
import http.server, signal, subprocess, sys
subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
WORKER = "import os, sys, time; os.path.exists('broken') and sys.exit(3); print('worker ready.', flush=True); time.sleep(600)"
ADA = {"name": "Ada", "email": "ada@a.example", "password": "pw", "url": "http://a.localhost", "does": "owner"}
PEOPLE = json.dumps({"people": [ADA]})
STORY = f"print('story step 1'); open('.data/story.json', 'w').write({PEOPLE!r})"
FAILS = "import sys; print('no such table'); sys.exit(3)"
SLEEPS = "import time; time.sleep(600)"
# Somebody takes the port after it was claimed: a process that stays, and the step ends once it listens.
SQUATS = """
import subprocess, sys
held = "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); print(flush=True); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", held, sys.argv[1]], stdout=subprocess.PIPE).stdout.readline()
"""
BANK = Service(
    "bank",
    (PYTHON, "-c", "import sys, time; print('bank ready.', flush=True); time.sleep(600)", "{port}", "{home}/bank"),
    says=" ready.",
    port="stripe",
    instead_of="BANK_KEY",
    tells=(("BANK_URL", "http://127.0.0.1:{port}"),),
    first=(Step("accounts", (PYTHON, "-c", "import os; print('asked', os.environ['BANK_URL'])"), shown=True),),
    hint="a bank of one's own is at {address}",
)
MIGRATE = {"bad-step": FAILS, "long-step": SLEEPS, "taken-port": SQUATS}


def plan(variant: str) -> Plan:
    """Give the plan: `whole`, one with a stand-in, or one in which a step or service fails or takes long."""
    migrate = MIGRATE.get(variant, "print('migrated')")
    worker = FAILS if variant == "bad-service" else WORKER
    return Plan(
        before=(Step("migrate", (PYTHON, "-c", migrate, "{port}")),),
        services=(
            Service("web", (PYTHON, "-c", WEB, "{port}"), health="/health"),
            Service("worker", (PYTHON, "-c", worker), says=" ready."),
            *((BANK,) if variant == "stand-in" else ()),
        ),
        first=(Step("story", (PYTHON, "-c", STORY), shown=True),),
        hints=("sign in at {url}",),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[3:], plan=plan(sys.argv[2]), root=Path(sys.argv[1])))
