"""What a company uses of what is limited."""

from django.apps import AppConfig


class Usage(AppConfig):
    name = "tessera.usage"
    label = "usage"
