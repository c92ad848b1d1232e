"""The gate of workflow, asked before every transition of every document, and what it does when a member leaves."""

from uuid import UUID

from tessera.api import Event, gate, on

from modules.oa.workflow.services import ask, hand_over_tasks, hold

gate(ask=ask, hold=hold)


@on("access.member_deactivated")
def hand_over(event: Event) -> None:
    """Give what a member was asked to others."""
    heir = event.data.get("heir")
    hand_over_tasks(member=UUID(str(event.subject)), heir=UUID(heir) if heir else None)
