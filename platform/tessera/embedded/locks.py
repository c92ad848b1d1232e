"""File locks: the one thing that tells the truth about processes, since the kernel drops them at any kind of death."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Lock:
    """Hold an advisory lock on a file, from `take` until `release` or the end of the process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd: int | None = None

    def take(self, *, shared: bool = False, patience: float = 0.0) -> bool:
        """Try for `patience` seconds; answer whether it is held now."""
        if self.fd is None:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            deadline = time.monotonic() + patience
            while True:
                try:
                    fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        os.close(fd)
                        return False
                    time.sleep(0.02)
                else:
                    self.fd = fd
                    break
        return True

    def release(self) -> None:
        """Let go. A child process that inherited the lock keeps holding it."""
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None

    def held_by_another(self) -> bool:
        """Tell whether another holder has it to itself."""
        if not self.path.exists() or not self.take(shared=True):
            return self.path.exists()
        self.release()
        return False


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait until no other process is inside the same block."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
