"""A module whose rows point to another module's."""

from tessera.module import Module


class Beta(Module):
    name, label, title, version = "tests.tenancy.planted.beta", "beta", "Beta", "1.0"
    depends = ("alpha",)
