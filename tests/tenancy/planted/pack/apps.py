"""A bundle: parts and nothing of its own."""

from tessera.module import Module


class Pack(Module):
    name, label, title, version = "tests.tenancy.planted.pack", "pack", "Pack", "1.0"
    depends = ("alpha", "beta")
