"""Do what each line of standard input says, in a process of its own that is killed where the line says.

A line is JSON: `act` (a dotted path), `tenant` (a slug, or none), `given` (arguments), `at` (a dotted
path) and `after` (whether the function there is run first). The answer is the signal that ended the process, 0 for none.
"""

import json
import os
import signal
import sys
from importlib import import_module
from typing import Any


def found(path: str) -> tuple[Any, str]:
    module, _, name = path.rpartition(".")
    return import_module(module), name


def kill_at(path: str, after: bool) -> None:
    module, name = found(path)
    real = getattr(module, name)

    def die(*args: Any, **options: Any) -> None:
        if after:
            real(*args, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(module, name, die)


def do(job: dict[str, Any]) -> None:
    from tenants.models import Tenant

    module, name = found(job["act"])
    act = getattr(module, name)
    kill_at(job["at"], job["after"])
    given = job["given"]
    if job["tenant"]:
        given["tenant"] = Tenant.objects.get(slug=job["tenant"])
    act(**given)


def main() -> None:
    import django

    django.setup()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            try:
                do(json.loads(line))
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, flush=True)


if __name__ == "__main__":
    main()
