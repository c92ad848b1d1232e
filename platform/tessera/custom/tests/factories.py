"""What `tessera.testing.rows` cannot know: custom fields and their values are of a kind of record that there is."""

from tessera.notes.tests.factories import ON_PARTY

ROWS = {
    "CustomField": {"label": "base.Party", "name": lambda rows, number: f"field{number}"},
    "CustomValues": {**ON_PARTY, "values": lambda rows, number: {"field0": f"{rows.mark} value {number}"}},
}
