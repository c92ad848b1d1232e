"""A module with all that is hard to replay: a function, a trigger, rows moved by Python."""

from tessera.module import Module, Role

CALLS: list[tuple] = []


class Alpha(Module):
    name, label, title, version = "tests.tenancy.planted.alpha", "alpha", "Alpha", "1.0"
    roles = {"alpha_clerk": Role("Clerk", ())}

    def on_enable(self, tenant):
        from tests.tenancy.planted.alpha.models import Thing

        CALLS.append(("enable", "alpha", tenant.slug))
        if not Thing.objects.exists():
            Thing(name="seed", amount=1).save()

    def on_disable(self, tenant):
        CALLS.append(("disable", "alpha", tenant.slug))

    def on_upgrade(self, tenant, previous):
        CALLS.append(("upgrade", "alpha", previous))

    def on_purge(self, tenant):
        CALLS.append(("purge", "alpha", tenant.slug))
