"""HTTP: the GraphQL endpoint, public pages and health; knows no module by name."""

from django.apps import AppConfig


class FrontendApi(AppConfig):
    name = "frontend_api"
