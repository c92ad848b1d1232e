"""Keep a web process to one core, where the machine's cores are its own.

Of a process's threads one runs Python at a time. Where the kernel spreads them over several cores, each turn is handed from core to
core, which takes as long as a good part of a short request.
"""

import errno
import os
import socket

NAME = "tessera-web-core"
_held: list[socket.socket] = []  # what tells other web processes which core is taken, for as long as this one lives


def keep_to_one_core() -> int | None:
    """Keep this process, with the threads that it starts from now on, to a core to which no other one keeps; return which.

    None where the system cannot do that, and for the processes of which there are more than cores.
    """
    if not hasattr(os, "sched_setaffinity"):
        return None
    for core in sorted(os.sched_getaffinity(0)):
        taken = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            taken.bind(f"\0{NAME}-{core}")  # a name without a file, which goes with the process
        except OSError as error:
            taken.close()
            if error.errno != errno.EADDRINUSE:
                raise
            continue
        _held.append(taken)
        os.sched_setaffinity(0, {core})
        return core
    return None
