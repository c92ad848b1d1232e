"""Do at the start of a web process what its first requests would wait for."""

import gc

from tessera.db.scripts import fingerprint_of_set
from tessera.graph.needs import needs
from tessera.graph.sdl import module_sets
from tessera.module import modules
from tessera.permissions import known_permissions

NEW_OBJECTS = (
    4_000  # after so many that are left over the youngest are looked through, which stops everybody for about a millisecond
)


def warm_up() -> None:
    """Read the migrations, and work out the schema and the rights of the sets of modules that most companies have; asks no database.

    What is made stays, so nothing is collected meanwhile, and no collection looks at it again.
    """
    gc.disable()
    try:
        fingerprint_of_set(modules())
        needs()
        known_permissions(frozenset(modules()))  # what roles are proposed from
        for labels in module_sets().values():
            known_permissions(labels)
        gc.collect()  # the schemas that were built to find out what needs what
        gc.freeze()
        gc.set_threshold(NEW_OBJECTS)
    finally:
        gc.enable()
