"""A company that may be read and not written: what it has stays, can be exported, and nobody changes it.

It is asked where a unit of work begins, so it holds for all that people and apps write, by whatever way they come. What the
system does goes on: facts are delivered, and what was begun comes to its end. A service that must be possible even then (paying,
ending an access, exporting) says so: `@service(..., while_read_only=True)`.
"""

from django.utils.translation import gettext as _

from tessera.context import current
from tessera.errors import ApiError, Code


def refuse_while_read_only() -> None:
    """Raise READ_ONLY where the actor in force is not the system and the company may only be read."""
    here = current()
    if here.tenant.is_read_only and not here.actor.is_system:
        message = _(
            "This company can only be read and exported at the moment. Once an owner has paid what is due, or chosen a plan, "
            "in Billing, everything works again at once."
        )
        raise ApiError(Code.READ_ONLY, message)
