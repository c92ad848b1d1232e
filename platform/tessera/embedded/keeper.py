"""Keep one server process for as long as anybody holds its lease, then stop it and end.

    python -I -S keeper.py <lease file> <keeper lock fd> <server lock fd> <stop signal> <patience> <plain|mapped> program ...

Every user of a server holds a shared lock on the lease file; the kernel drops it when that process ends, however it
ends. The keeper waits for the exclusive lock, so nothing has to be counted and nothing can be left behind. It holds
`keeper lock` for its own life; the server and all its children inherit `server lock`, so that lock is free exactly when
none of them is left. Both descriptors come locked from the process that starts the keeper.
"""

import fcntl
import os
import signal
import subprocess
import sys
import threading
from types import FrameType

LAUNCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "launch.py")


def main(arguments: list[str]) -> int:
    lease_name, _, server_lock, stop_signal, patience, identity, *program = arguments
    os.set_inheritable(int(server_lock), True)
    launch = [sys.executable, "-I", "-S", LAUNCH, str(os.getpid()), stop_signal, identity]
    server = subprocess.Popen([*launch, *program], pass_fds=(int(server_lock),), cwd="/", stdin=subprocess.DEVNULL)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        server.send_signal(int(stop_signal))
        signal.alarm(int(patience))

    def kill(_signal: int, _frame: FrameType | None) -> None:
        server.send_signal(signal.SIGQUIT)  # PostgreSQL: at once, with its children; Valkey has no handler and ends
        signal.signal(signal.SIGALRM, lambda *_: server.kill())
        signal.alarm(5)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, kill)
    lease = os.open(lease_name, os.O_RDWR)

    def wait_until_unused() -> None:
        fcntl.flock(lease, fcntl.LOCK_EX)  # held until this process ends: who comes next waits, then starts afresh
        os.kill(os.getpid(), signal.SIGTERM)

    # allow raw-thread: the keeper of the servers knows no tenant
    threading.Thread(target=wait_until_unused, daemon=True).start()
    return server.wait()


if __name__ == "__main__":
    status = main(sys.argv[1:])
    os._exit(status if status >= 0 else 128 - status)  # a thread may still wait for the lease
