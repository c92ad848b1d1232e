"""Read members and what they may do."""

from tessera.access.selectors.credentials import bearer_of_session, bearer_of_token
from tessera.access.selectors.explain import AccessAnswer, GrantReason, explain_access
from tessera.access.selectors.people import (
    Me,
    active_among,
    active_member,
    me,
    members_holding,
    members_in_role,
    seats_taken,
)
from tessera.access.selectors.rights import actor_of, actor_of_member, restricted, role_epoch

__all__ = [
    "AccessAnswer",
    "GrantReason",
    "Me",
    "active_among",
    "active_member",
    "actor_of",
    "actor_of_member",
    "bearer_of_session",
    "bearer_of_token",
    "explain_access",
    "me",
    "members_holding",
    "members_in_role",
    "restricted",
    "role_epoch",
    "seats_taken",
]
