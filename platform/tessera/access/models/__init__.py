"""Members, their roles, and the tokens that act for them."""

from tessera.access.models.members import Invitation, Member
from tessera.access.models.roles import AccessState, Role, RoleAssignment, RolePermission
from tessera.access.models.tokens import AccessToken

__all__ = ["AccessState", "AccessToken", "Invitation", "Member", "Role", "RoleAssignment", "RolePermission"]
