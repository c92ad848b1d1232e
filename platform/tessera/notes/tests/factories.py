"""What `tessera.testing.rows` cannot know: notes hang on a record that there is."""

from django.apps import apps


def party(rows, number):
    """Return the key of the party of the same number."""
    return rows.row(apps.get_model("base", "Party"), number).pk


ON_PARTY = {"label": "base.Party", "record": party}
ROWS = {
    "Comment": {**ON_PARTY, "reply_to": None, "mentions": []},
    "Attachment": ON_PARTY,
    "TaggedRecord": ON_PARTY,
}
