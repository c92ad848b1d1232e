"""Being asked to stop, by Ctrl-C or a signal."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Somebody asked us to stop, by Ctrl-C or SIGTERM."""


@contextmanager
def undisturbed() -> Iterator[None]:
    """Do not let a second Ctrl-C interrupt the stopping."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def interrupt_on_signals() -> None:
    """Raise Interrupted in the main thread when we are asked to stop."""

    def handle(number: int, _frame: FrameType | None) -> None:
        raise Interrupted(signal.Signals(number).name)

    for number in STOPPING:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup means it
            signal.signal(number, handle)
