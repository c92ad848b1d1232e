"""Public pages and the GraphQL endpoint."""

from django.urls import path

from frontend_api import health, views

urlpatterns = [
    path("graphql", views.graphql, name="graphql"),
    path("health", health.health, name="health"),
]
