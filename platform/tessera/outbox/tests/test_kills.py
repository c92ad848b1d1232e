"""kill -9 of workers, relays and Valkey in the middle: every fact takes effect once and in order."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings

from tessera import events as registry
from tessera.context import system
from tessera.embedded.server import free_port
from tessera.embedded.valkey import binary
from tessera.events import Event, event, on, publish
from tessera.fields import new_id
from tessera.numbering.models import VoidedNumber
from tessera.outbox.models import Delivery
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work

CHAOS = Path(__file__).with_name("chaos.py")
SUBJECTS, STEPS = 15, 5
VICTIMS = ("worker", "relay", "valkey", "child", "child", "child")
HANDLER = "__main__.leave_a_mark"  # chaos.py is a program

pytestmark = [pytest.mark.committed, pytest.mark.slow, pytest.mark.safety(seeds=(3, 50))]


class Machines:
    """A Valkey of one's own, a worker and a relay, each killed and started again at will."""

    def __init__(self, home: Path, worker: str) -> None:
        self.port = free_port()
        name = settings.DATABASES["default"]["NAME"]
        self.environment = {
            **os.environ,
            "DATABASE_URL": os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + name,
            "REDIS_URL": self.url,
            # What a kill leaves behind comes again within seconds.
            **{"TESSERA_OUTBOX_LEASE": "2", "TESSERA_OUTBOX_BACKOFF": "0.2", "TESSERA_OUTBOX_SWEEP": "0.5"},
        }
        self.log = (home / "log").open("ab")
        program = (sys.executable, "-m", "tessera.outbox.tests.chaos")
        self.commands = {
            "valkey": (str(binary()), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(home)),
            "worker": (*program, worker),
            "relay": (*program, "relay"),
        }
        self.running = {name: self._start(name) for name in self.commands}

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.commands[name], env=self.environment, stdout=self.log, stderr=self.log, start_new_session=True
        )

    def kill(self, victim: str) -> None:
        """Kill a process and all its children, and start it again; "child" is one that the worker replaces itself."""
        if victim == "child":
            while not (children := self._children(self.running["worker"].pid)):  # it has just been started itself
                self.supervise()
                time.sleep(0.01)
            os.kill(random.choice(children), signal.SIGKILL)
            return
        process = self.running[victim]
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.running[victim] = self._start(victim)

    @staticmethod
    def _children(parent: int) -> list[int]:
        """Return the children of a process; none of one that has ended."""
        with suppress(FileNotFoundError):
            return [int(child) for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
        return []

    def supervise(self) -> None:
        """Start again what ended by itself, as a supervisor does: a worker may not outlive its broker."""
        for name, process in self.running.items():
            if process.poll() is not None:
                self.running[name] = self._start(name)

    def stop(self) -> None:
        for process in self.running.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.log.close()


@event("chaos.step_taken")
class StepTaken:
    subject: UUID
    number: int


@pytest.fixture(autouse=True)
def _listener() -> Iterator[None]:
    """Subscribe the handler here under the name that it has there, so that deliveries are written for it."""

    def leave_a_mark(fact: Event) -> None:
        raise AssertionError("runs in the worker only")

    leave_a_mark.__module__, leave_a_mark.__qualname__ = HANDLER.rpartition(".")[0], "leave_a_mark"
    on("chaos.step_taken")(leave_a_mark)
    yield
    del registry.HANDLERS["chaos.step_taken"]


@pytest.fixture
def machines(tenant, tmp_path, request, monkeypatch) -> Iterator[Machines]:
    made = Machines(tmp_path, getattr(request, "param", "worker"))
    monkeypatch.setattr(settings, "REDIS_URL", made.url)
    yield made
    made.stop()


def take_steps(subjects: list[UUID], numbers: range) -> None:
    for number in numbers:
        for subject in subjects:
            with unit_of_work():
                publish(StepTaken(subject=subject, number=number))


def wait_for(machines: Machines, done: int, patience: float = 90) -> int:
    """Wait until so many deliveries are done; fail with the log when it takes too long."""
    end = time.monotonic() + patience
    while (now := Delivery.objects.filter(state=Delivery.State.DONE).count()) < done:
        if time.monotonic() > end:
            log = Path(machines.log.name).read_text(errors="replace")[-4000:]
            pytest.fail(f"{now} of {done} deliveries done after {patience} s\n{log}")
        machines.supervise()
        time.sleep(0.02)
    return now


def marks() -> list[str]:
    return list(VoidedNumber.objects.filter(reason="step").order_by("id").values_list("number", flat=True))


def test_nothing_is_lost_and_nothing_happens_twice(tenant, machines, seed, count):
    dice = random.Random(seed)
    subjects = [new_id() for _ in range(SUBJECTS)]
    total = SUBJECTS * STEPS
    with entered(tenant, actor=system("test")):
        take_steps(subjects, range(STEPS - 2))
        victims = dice.sample(VICTIMS, len(VICTIMS))
        for threshold, victim in zip(sorted(dice.sample(range(1, total - SUBJECTS * 2), len(victims))), victims, strict=True):
            wait_for(machines, threshold)
            time.sleep(dice.uniform(0, 0.05))
            machines.kill(victim)
        take_steps(subjects, range(STEPS - 2, STEPS))
        wait_for(machines, total)
        found = marks()
        assert Counter(found) == Counter(f"{subject}:{number}" for subject in subjects for number in range(STEPS))
        for subject in subjects:
            assert [mark for mark in found if mark.startswith(str(subject))] == [f"{subject}:{n}" for n in range(STEPS)]
        assert set(Delivery.objects.values_list("state", flat=True)) == {Delivery.State.DONE}
    count.note(kills=len(victims), facts=total, lost=0, twice=0)


@pytest.mark.parametrize("machines", ["careless"], indirect=True)
def test_a_careless_worker_is_caught(tenant, machines):
    """The control: work and acknowledgement in two transactions show up as duplicates within 20 kills."""
    subjects = [new_id() for _ in range(SUBJECTS)]
    with entered(tenant, actor=system("test")):
        for kill in range(20):
            take_steps(subjects, range(kill * 3, kill * 3 + 3))
            wait_for(machines, 3 + Delivery.objects.filter(state=Delivery.State.DONE).count())
            time.sleep(random.uniform(0, 0.03))
            machines.kill("child")
            if any(count > 1 for count in Counter(marks()).values()):
                return
        wait_for(machines, Delivery.objects.count())
        assert any(count > 1 for count in Counter(marks()).values()), "the killer does not kill"
