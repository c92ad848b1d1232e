"""Public pages and the GraphQL endpoint."""

from django.urls import path

from frontend_api import health, public, views

urlpatterns = [
    path("graphql", views.graphql, name="graphql"),
    path("public/<str:name>/<str:token>", public.page, name="public"),
    path("health", health.health, name="health"),
]
