"""Where one's account is signed in, over the API of the accounts host; the schema there is made of these classes."""

from typing import Any
from uuid import UUID

import graphene

from tessera.accounts.oauth.devices import Device, list_devices, revoke_device
from tessera.errors import ApiError, Code


class SignedInDevice(graphene.ObjectType):
    """A device on which an app is signed in to one company for whoever asks."""

    id = graphene.ID(required=True)
    tenant_id = graphene.ID(required=True)
    tenant = graphene.String(required=True, description="The company's name.")
    app = graphene.String(required=True)
    name = graphene.String(required=True)
    platform = graphene.String(required=True)
    place = graphene.String(required=True, description="The address it was last seen from.")
    last_seen_at = graphene.DateTime()
    signed_in_at = graphene.DateTime(required=True)


class DeviceRevoke(graphene.Mutation):
    """Sign one of one's own devices out at once; NOT_FOUND for any other."""

    class Arguments:
        tenant_id = graphene.ID(required=True)
        id = graphene.ID(required=True)

    id = graphene.ID()

    def mutate(root: Any, info: Any, tenant_id: str, id: str) -> "DeviceRevoke":
        try:
            keys = UUID(tenant_id), UUID(id)
        except ValueError:
            raise ApiError(Code.NOT_FOUND, "There is no such device.") from None
        revoke_device(account=_account(info), tenant_id=keys[0], device=keys[1])
        return DeviceRevoke(id=id)


class Query(graphene.ObjectType):
    """One's own devices."""

    devices = graphene.List(
        graphene.NonNull(SignedInDevice),
        required=True,
        description="Where apps are signed in for whoever asks, in all companies.",
    )

    def resolve_devices(root: Any, info: Any) -> list[Device]:
        return list_devices(account=_account(info))


class Mutation(graphene.ObjectType):
    """Signing one's own devices out."""

    device_revoke = DeviceRevoke.Field()


def _account(info: Any) -> Any:
    if not info.context.user.is_authenticated:
        raise ApiError(Code.UNAUTHENTICATED, "Sign in first.")
    return info.context.user
