"""What `tessera.testing.rows` cannot know of the models of numbering."""

from django.apps import apps

ROWS = {
    "VoidedNumber": {
        "label": "base.Party",
        "record": lambda rows, number: rows.row(apps.get_model("base", "Party"), number).pk,
    }
}
