"""What every module has to hold, checked in four lines:

    class TestSales(ModuleContract):
        module = "sales"

`tessera.testing.contract.parts` says what belongs to a module; the files next to it hold the
checks, one function each, which name everything that is wrong and not only the first.
`tessera.testing.contract.suite` makes tests of them.
"""

from tessera.testing.contract.suite import ModuleContract

__all__ = ["ModuleContract"]
