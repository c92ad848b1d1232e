"""A supervisor that runs the cast, as a process to be watched, signalled and killed."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

CAST = Path(__file__).with_name("cast.py")
ELSEWHERE = {"DATABASE_URL": "postgresql://elsewhere/db", "REDIS_URL": "redis://elsewhere/0"}


class Run:
    """One supervisor over the cast, and what it has printed so far."""

    def __init__(self, root: Path, *arguments: str, variant: str = "whole", **variables: str) -> None:
        kept = {key: value for key, value in os.environ.items() if key not in ELSEWHERE}
        self.home = root / ".data" / "dev"
        self.out = root / f"out-{time.monotonic_ns()}"
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, str(CAST), str(root), variant, *arguments],
                env=kept | variables,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    @property
    def text(self) -> str:
        return self.out.read_text()

    def until(self, text: str) -> "Run":
        wait_for(lambda: text in self.text or self.process.poll() is not None)
        assert text in self.text, self.text
        return self

    def pid(self, name: str) -> int:
        return int((self.home / "run" / f"{name}.pid").read_text())

    def end(self, sent: int = 0) -> int:
        if sent:
            self.process.send_signal(sent)
        return self.process.wait(timeout=30)


def wait_for(condition: Callable[[], bool], patience: float = 30.0) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.02)
