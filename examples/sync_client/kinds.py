"""Which kinds of records a device keeps, and how the API spells them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kind:
    """One type of the API: its list, its own fields, and the fields that hold the id of another record."""

    type: str
    list: str
    fields: tuple[str, ...]
    references: tuple[str, ...] = ()

    @property
    def selection(self) -> str:
        """Return what is selected of a record."""
        return " ".join(("id version", *self.fields, *(f"{name} {{ id }}" for name in self.references)))

    def mutation(self, verb: str) -> str:
        """Return the name of a mutation: `addressUpdate`."""
        return f"{self.type[0].lower()}{self.type[1:]}{verb.capitalize()}"

    def values(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of a record that the API has answered; references by id."""
        found = {name: node[name] for name in self.fields}
        return found | {name: node[name] and node[name]["id"] for name in self.references}


PARTY = Kind("Party", "parties", ("name", "legalName", "note"))
ADDRESS = Kind("Address", "addresses", ("recipient", "street", "city"), references=("party",))
KINDS = (PARTY, ADDRESS)  # what others refer to comes first
