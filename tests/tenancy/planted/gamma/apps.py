"""A module that wants a part of the bundle for itself."""

from tessera.module import Module


class Gamma(Module):
    name, label, title, version = "tests.tenancy.planted.gamma", "gamma", "Gamma", "1.0"
    depends = ("alpha",)
