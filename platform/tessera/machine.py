"""States and the only way to change them.

A document declares `MOVES`, the pairs of states it may go through; `move` checks the pair, asks
the gates, writes the state and nothing else. Facts are published by the service that moves.
"""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from tessera.errors import Refused
from tessera.gates import Transition, ask_gates


def check_move(row: Any, target: str) -> None:
    """Refuse with STATE unless the document's `MOVES` allow the step to `target`."""
    if (row.state, target) not in row.MOVES:
        raise Refused("STATE", _("This cannot go from {source} to {target}.").format(source=row.state, target=target), "state")


def move(row: Any, target: str, *, exceeds: str = "", also: Iterable[str] = (), write: bool = True) -> None:
    """Change the state of a document, after its gates; `also` names other changed fields to save.

    `exceeds` is the permission beyond a limit that the document is over ("" when within limits).
    With `write` false the caller writes the new state itself, later in the same unit of work.
    """
    check_move(row, target)
    ask_gates(Transition(row, row.state, target, exceeds))
    row.state = target
    if write:
        row.save(update_fields=["state", *also])
