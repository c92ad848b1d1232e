"""Number series of documents."""

from django.apps import AppConfig


class Numbering(AppConfig):
    name = "tessera.numbering"
    label = "numbering"
