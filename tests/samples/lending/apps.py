"""Loans of books; a library may do without."""

from tessera.module import Module


class Lending(Module):
    name, label, title, version = "tests.samples.lending", "lending", "Lending", "1.0"
    depends = ("library",)
