"""Become another program, tied to its parent's life and, where asked, inside a user namespace.

    python -I -S launch.py <parent pid> <signal> <plain|mapped> program arguments...

A script that ends in `exec` instead of a `preexec_fn`, so that it is safe to start from a process with threads and the
program keeps the process id that its parent knows.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000
NOBODY = 65534
REFUSED = 97  # exit status: this machine refuses user namespaces


def main(arguments: list[str]) -> None:
    parent, signal, identity, program = int(arguments[0]), int(arguments[1]), arguments[2], arguments[3:]
    libc = ctypes.CDLL(None, use_errno=True)
    if identity == "mapped":
        try:
            enter_user_namespace(libc)
        except OSError as error:
            print(f"user namespace refused: {error}", file=sys.stderr, flush=True)
            os._exit(REFUSED)
    if sys.platform == "linux":
        # After the namespace: a change of credentials would clear it.
        libc.prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)
    os.execv(program[0], program)


def enter_user_namespace(libc: ctypes.CDLL) -> None:
    """See user 0 as nobody. PostgreSQL refuses to run as root; its files keep belonging to root outside."""
    if sys.platform != "linux":
        raise OSError(0, "there are none on this system")
    group = os.getegid()  # inside it is unknown until it is mapped
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    for name, text in (("setgroups", "deny"), ("uid_map", f"{NOBODY} 0 1"), ("gid_map", f"{NOBODY} {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


if __name__ == "__main__":
    main(sys.argv[1:])
